import { isLeft } from 'fp-ts/lib/Either.js';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesystemArtifacts, sumsPath } from '../../../adapters/filesystem/index.ts';
import { journalFile, listRunFolder } from '../../../adapters/filestore/disk/run-folder.ts';
import { PayloadError } from '../../../lib/ports/payload-error.ts';
import { ok, runId } from '../../contract/run-store-fixture.ts';
import { newStoreFolder, openStore } from '../../contract/filestore-folder.ts';
import type { BuiltRun } from './built-run.ts';
import { assert, type Case, type Outcome } from './case.ts';

const objectBytes = 70_000;
const object = 'raw/batch/output-e1-1.jsonl';
const whole = Buffer.from(
  Uint8Array.from({ length: objectBytes }, (_, i) => (i * 37 + (i >>> 9)) & 0xff),
);

interface Damage {
  readonly name: string;
  /** The first changed byte; null: no byte of the object has changed. */
  readonly at: number | null;
  readonly act: (path: string) => void;
}

const flip =
  (at: number, bit: number) =>
  (path: string): void => {
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
    writeFileSync(path, bytes);
  };
const offsets = Array.from({ length: 41 }, (_, i) =>
  Math.min(objectBytes - 1, Math.floor((objectBytes * i) / 40)),
);
const blocks = [0, 16_383, 16_384, 32_767, 32_768, 65_535, 65_536, objectBytes - 1];
const sumsBytes = [0, 15, 16, 24, 31, 32, 40, 51, 55];

const damages: readonly Damage[] = [
  ...[...offsets, ...blocks].map((at, i) => ({
    name: `byte ${at} bit ${i % 8}`,
    at,
    act: flip(at, i % 8),
  })),
  ...[0, 1, 16_384, objectBytes - 1].map((at) => ({
    name: `cut to ${at} bytes`,
    at,
    act: (path: string) => truncateSync(path, at),
  })),
  ...sumsBytes.map((at) => ({
    name: `checksums, byte ${at}`,
    at: null,
    act: (path: string) => flip(at, 3)(sumsPath(path)),
  })),
  { name: 'checksums gone', at: null, act: (path: string) => rmSync(sumsPath(path)) },
];

/**
 * An object changes at one byte: no read returns a changed byte, and a check of the whole object
 * names the offset.
 */
export const changedObjects = (): readonly Case[] =>
  damages.map((damage) => ({
    kind: 'changed object',
    name: damage.name,
    play: () => playChange(damage),
  }));

const playChange = async ({ at, act }: Damage): Promise<Outcome> => {
  const dir = newStoreFolder();
  const path = join(dir, object);
  await ok(filesystemArtifacts({ dir }).put(object, [whole]));
  act(path);
  const artifacts = filesystemArtifacts({ dir });
  let refused = 0;
  for (let offset = 0; offset < objectBytes; offset += 5_000) {
    const span = { offset, length: Math.min(6_000, objectBytes - offset) };
    const expected = whole.subarray(offset, offset + span.length);
    const spans = await artifacts.readSpans(object, [span])();
    if (isLeft(spans)) refused += 1;
    else
      assert(
        Buffer.compare(spans.right[0] as Uint8Array, expected) === 0,
        `changed bytes are returned at ${offset}`,
      );
    const streamed = await collected(artifacts.read(object, span));
    assert(
      streamed === null || Buffer.compare(streamed, expected) === 0,
      `changed bytes are streamed at ${offset}`,
    );
    assert((streamed === null) === isLeft(spans), `two ways to read do not agree at ${offset}`);
  }
  assert(at === null || refused > 0, 'nothing is refused');
  const check = await (artifacts.check?.(object) ?? Promise.reject)();
  if (at !== null) {
    const changed = isLeft(check) ? null : check.right.changed;
    assert(
      changed !== null && changed.offset <= at && at < changed.offset + changed.length,
      'a check of the whole object does not name the offset',
    );
  } else if (refused > 0)
    assert(isLeft(check) && check.left.type === 'corrupt', 'damaged checksums are not named');
  return refused > 0 ? 'refused' : 'opened';
};

const collected = async (
  port: ReturnType<ReturnType<typeof filesystemArtifacts>['read']>,
): Promise<Buffer | null> => {
  const opened = await port();
  if (isLeft(opened)) return null;
  const parts: Uint8Array[] = [];
  try {
    for await (const part of opened.right) parts.push(part);
  } catch (cause) {
    if (cause instanceof PayloadError) return null;
    throw cause;
  }
  return Buffer.concat(parts);
};

/**
 * The journals are gone or empty, with or without images. No run may be created in their place, and
 * a repair recovers what an image proves.
 */
export const lostJournals = (run: BuiltRun): readonly Case[] =>
  [null, new Uint8Array()].flatMap((left) =>
    [true, false].map((areImagesKept) => ({
      kind: 'journals gone',
      name: `${left === null ? 'missing' : 'empty'}, ${areImagesKept ? 'with' : 'without'} images`,
      play: () => playLost(run, left, areImagesKept),
    })),
  );

const playLost = async (
  run: BuiltRun,
  left: Uint8Array | null,
  areImagesKept: boolean,
): Promise<Outcome> => {
  const files = [...run.journals, ...(areImagesKept ? [] : run.images)];
  const { dir, folder } = run.lay(
    Object.fromEntries(files.map((file) => [file, file.startsWith('journal') ? left : null])),
  );
  const store = await openStore(dir);
  for (const port of [store.read(runId), store.own(runId), store.peek(runId)]) {
    const answer = await port();
    assert(
      isLeft(answer) && answer.left.type === 'corrupt' && answer.left.message.includes(folder),
      'it is not refused with an error that names the folder',
    );
  }
  assert(isLeft(await store.create(runId, null)()), 'a run is created in its place');
  const repaired = await (store.care?.repair(runId) ?? Promise.reject)();
  await store.close();
  if (!areImagesKept) {
    assert(isLeft(repaired), 'the repair reports a proved version');
    return 'refused';
  }
  assert(!isLeft(repaired) && repaired.right.after.state === 'whole', 'an image does not prove it');
  const journals = listRunFolder(folder).journals.map(journalFile);
  assert(journals.length > 0, 'the repair began no journal');
  return 'repaired';
};
