/**
 * What writing out and pruning a finished run of the file store costs, each step in a process of
 * its own, beside a plain copy of the same bytes:
 *
 *   npx tsx spec/bench/artifacts.ts --rows 1000000
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createOpenAI } from '../../adapters/openai/index.ts';
import { sqljsStore } from '../../adapters/filestore/index.ts';
import { customIdsOf } from '../../lib/core/values/custom-ids.ts';
import type { OwnedRun } from '../../lib/ports/run-store.ts';
import { BatchRunner } from '../../lib/run/api/runner.ts';
import type { Run } from '../../lib/run/api/run.ts';
import { drive, ok, runId } from './file-store-drive.ts';
import { numberFlag, report, textFlag } from './figures.ts';

const rows = numberFlag('rows', 100_000);
const step = textFlag('step');
const folder = textFlag('folder') ?? mkdtempSync(join(tmpdir(), 'batchor-bench-'));
const dir = join(folder, 'store');

/** As `file-store-drive.ts` has them. */
const [sliceRows, batchRows, settledRows, lineBytes] = [5_000, 50_000, 10_000, 500];

const customIds = customIdsOf({ customIds: { nonce: 'k3x9a2bq', isStamped: false } });
const padded = (begin: string, end: string, bytes: number): string =>
  `${begin}${'x'.repeat(bytes - begin.length - end.length)}${end}`;

function* itemChunks(from: number): Generator<Uint8Array> {
  for (let i = from; i < Math.min(from + sliceRows, rows); i += 1)
    yield Buffer.from(
      padded(`{"item_id":"customer-${i}","metadata":{"m":"`, '"}}\n', 60 + (i % 13)),
    );
}
function* rawChunks(batch: number): Generator<Uint8Array> {
  const count = Math.min(batchRows, rows - batch * batchRows);
  for (let from = 0; from < count; from += settledRows) {
    const taken = Math.min(settledRows, count - from);
    const lines = Array.from({ length: taken }, (_, i) => {
      const customId = customIds.of(batch * batchRows + from + ((i * 7_919) % taken));
      const begin = `{"id":"b","custom_id":"${customId}","response":{"status_code":200,"request_id":"r","body":{"id":"resp","object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"`;
      return padded(
        begin,
        '"}]}],"usage":{"input_tokens":9,"output_tokens":9,"total_tokens":18}}},"error":null}\n',
        lineBytes,
      );
    });
    yield Buffer.from(lines.join(''));
  }
}
const build = async (): Promise<void> => {
  const store = await ok(sqljsStore({ dir }).open());
  const run: OwnedRun = await ok(store.create(runId, null));
  for (let from = 0; from < rows; from += sliceRows)
    await ok(run.artifacts.put(`items/${from}`, itemChunks(from)));
  for (let batch = 0; batch * batchRows < rows; batch += 1)
    await ok(run.artifacts.put(`raw/${batch}`, rawChunks(batch)));
  await drive(run, rows);
  await run.close();
  await store.close();
};

const steps: Readonly<Record<string, (run: Run) => Promise<unknown>>> = {
  results_before: (run) =>
    run.exportTerminalResults(join(folder, 'before.jsonl'), { order: 'input' }),
  export: (run) => run.exportArtifacts(join(folder, 'out')),
  prune_raw: (run) => run.pruneArtifacts({ raw: true }),
  results_after: (run) =>
    run.exportTerminalResults(join(folder, 'after.jsonl'), { order: 'input' }),
};

const measured = async (name: string): Promise<void> => {
  await using runner = new BatchRunner({
    storage: sqljsStore({ dir }),
    providers: [createOpenAI({ name: 'default', apiKey: 'bench' })],
  });
  const run = await runner.getRun(runId);
  const idleMb = process.memoryUsage.rss() / 1e6;
  const startedMs = performance.now();
  const answer = await steps[name]?.(run);
  const seconds = (performance.now() - startedMs) / 1_000;
  report({
    step: name,
    rows,
    seconds,
    rows_per_second: Math.round(rows / seconds),
    idle_mb: idleMb,
    peak_mb: process.resourceUsage().maxRSS / 1e3,
    answer,
  });
};

const child = (name: string): void => {
  const { status } = spawnSync(
    process.execPath,
    [
      '--import',
      'tsx',
      fileURLToPath(import.meta.url),
      '--rows',
      String(rows),
      '--step',
      name,
      '--folder',
      folder,
    ],
    { stdio: 'inherit' },
  );
  if (status !== 0) throw new Error(`${name} ended with ${status}`);
};

if (step === 'build') await build();
else if (step !== null) await measured(step);
else {
  try {
    child('build');
    child('results_before');
    child('export');
    const startedMs = performance.now();
    await cp(join(folder, 'out'), join(folder, 'copy'), { recursive: true });
    report({ step: 'plain_copy_of_the_export', seconds: (performance.now() - startedMs) / 1_000 });
    rmSync(join(folder, 'copy'), { recursive: true });
    child('prune_raw');
    child('results_after');
    const { status } = spawnSync(
      'cmp',
      [join(folder, 'before.jsonl'), join(folder, 'after.jsonl')],
      { stdio: 'inherit' },
    );
    report({ are_results_the_same: status === 0 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
