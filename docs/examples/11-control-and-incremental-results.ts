// Pause, resume, cancel; read what is done while the rest still runs; stop waiting without stopping
// the run.
import { BatchRunner } from 'batchor';

await using runner = new BatchRunner();
const run = await runner.getRun('batchor_20260403T120000Z_ab12cd34');

await run.pause();
console.log(run.controlState, run.controlReason); // 'paused' 'manual'
await run.resume();

// By page, with a cursor of your own.
let afterSequence = 0;
for (let more = true; more;) {
  const page = await run.readTerminalResults({ afterSequence, limit: 100 });
  for (const r of page.results) console.log(r.sequence, r.itemId, r.status);
  afterSequence = page.nextAfterSequence;
  more = page.hasMore;
}
const exported = await run.exportTerminalResults('exports/partial.jsonl', {
  afterSequence: 0,
  append: false,
  limit: 100,
});
console.log(exported.exportedCount, exported.nextAfterSequence);

// Live, until Ctrl-C.
const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
try {
  for await (const r of run.results({ afterSequence, follow: true, signal: interrupt.signal })) {
    if (r.status === 'failed_permanent' && r.error.errorClass === 'refusal') await run.cancel();
  }
} catch (error) {
  if (!interrupt.signal.aborted) throw error;
  console.log('still running, state kept:', run.runId);
}
