// A fresh process: find the run, read typed results, prove nothing is missing, export, then prune.
import { BatchRunner, isBatchorError } from 'batchor';
import { toTable } from 'batchor/adapters/arquero';
import { parquetFormat } from 'batchor/adapters/parquet';
import { sqljsStore } from 'batchor/adapters/sqljs';
import { z } from 'zod';

const Label = z.object({ sentiment: z.enum(['good', 'bad']), topics: z.array(z.string()) });

await using runner = new BatchRunner({ storage: sqljsStore({ dir: '.batchor' }) });

for await (const s of runner.listRuns({ limit: 20 }))
  console.log(s.runId, s.itemCount, s.cost.spentUsd);

const run = await runner.getRun('batchor_20260403T120000Z_ab12cd34', { structuredOutput: Label });
try {
  for await (const r of run.results())
    if (r.status === 'completed') console.log(r.itemId, r.output.sentiment, r.output.topics.length);
} catch (error) {
  if (isBatchorError(error, 'run_not_finished'))
    console.error(`${error.details.openCount} items are still open. ${error.hint}`);
  else throw error;
}

const proof = await run.verify();
if (!proof.isSound) {
  console.error(proof.broken?.law, proof.broken?.itemId, proof.broken?.message);
  process.exitCode = 3;
} else {
  const exported = await run.exportArtifacts('exports/labels');
  console.log(exported.manifestPath, exported.fileCount);
  await run.pruneArtifacts(); // request lines: no longer needed
  await run.pruneArtifacts({ raw: true }); // refused with `artifacts_not_exported` had we not exported
}

// Results outlive what was pruned.
await run.exportTerminalResults('exports/labels.parquet', {
  format: parquetFormat(),
  order: 'input',
});
const table = await toTable(run);
console.log(table.numRows(), 'rows', table.columnNames().includes('output.sentiment'));
