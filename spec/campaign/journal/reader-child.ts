import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { runId } from '../../contract/run-store-fixture.ts';
import { storedRows } from '../../../lib/rows/read-rows.ts';

/**
 * A process that only reads a run until it is told to end: `reader-child <dir>`. Any call that
 * changes a file ends it with 9.
 */
const [dir = ''] = process.argv.slice(2);
const changing = [
  ...[
    'writeSync',
    'writevSync',
    'writeFileSync',
    'appendFileSync',
    'mkdirSync',
    'renameSync',
    'rmSync',
    'unlinkSync',
    'rmdirSync',
  ],
  ...[
    'ftruncateSync',
    'truncateSync',
    'linkSync',
    'copyFileSync',
    'utimesSync',
    'fsyncSync',
    'fdatasyncSync',
    'chmodSync',
  ],
];
const changingLater = [
  'writeFile',
  'appendFile',
  'mkdir',
  'rename',
  'rm',
  'unlink',
  'rmdir',
  'truncate',
  'link',
  'copyFile',
  'utimes',
  'chmod',
];

const [{ openStore }, { isLeft }] = await Promise.all([
  import('../../contract/filestore-folder.ts'),
  import('fp-ts/lib/Either.js'),
]);
const forbid = (name: string) => (): never => {
  process.stderr.write(`a reader called ${name}\n`);
  process.exit(9);
};
const { openSync } = fs;
Object.assign(fs, Object.fromEntries(changing.map((name) => [name, forbid(name)])));
Object.assign(fs.promises, Object.fromEntries(changingLater.map((name) => [name, forbid(name)])));
Object.assign(fs, {
  openSync: (path: string, flags: string, mode?: number) =>
    flags === 'r' ? openSync(path, flags, mode) : forbid(`openSync ${flags}`)(),
});
syncBuiltinESMExports();

let isEnding = false;
process.on('message', () => {
  isEnding = true;
});
let reads = 0;
const versions: number[] = [];
const fail = (what: unknown): never => {
  process.stderr.write(`${JSON.stringify(what)}\n`);
  process.exit(8);
};
while (!isEnding) {
  const store = await openStore(dir);
  const reader = await store.read(runId)();
  if (isLeft(reader)) fail(reader.left);
  else {
    for (let i = 0; i < 5; i += 1) {
      const seen = await reader.right.refresh()();
      if (isLeft(seen)) fail(seen.left);
      else versions.push(seen.right.version);
      const rows = await storedRows(reader.right, 0, 1_000)();
      if (isLeft(rows) || rows.right.length !== reader.right.snapshot.ingest.itemCount)
        fail('rows are missing');
    }
  }
  for (const port of [store.list(), store.peek(runId)]) {
    const answer = await port();
    if (isLeft(answer)) fail(answer.left);
  }
  const found = await store.care?.examine(runId)();
  if (found === undefined || isLeft(found) || found.right.state !== 'whole') fail(found);
  await store.close();
  reads += 1;
  process.send?.({ reads });
}
if (versions.some((version, i) => version < (versions[i - 1] ?? 0))) fail('it went back');
process.disconnect();
