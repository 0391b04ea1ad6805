// A day of failures in a second: scripted faults, a seed, virtual time, no network, no key.
import assert from 'node:assert/strict';
import { BatchRunner, defineJob } from 'batchor';
import { startEmulator } from 'batchor/adapters/emulator';
import { createOpenAI, openai } from 'batchor/adapters/openai';
import { createWorld, type Fault, simulate } from 'batchor/sim';
import * as z from 'zod';

const Label = z.object({ label: z.string() });
const job = defineJob({
  items: Array.from({ length: 2_000 }, (_, i) => ({
    itemId: `row${i}`,
    payload: { text: `text ${i}` },
  })),
  buildPrompt: ({ payload }) => payload.text,
  structuredOutput: Label,
  providerConfig: openai({ model: 'gpt-4.1-mini' }),
  chunkPolicy: { maxRequests: 400 },
});
const faults: readonly Fault[] = [
  { type: 'lose_create_reply', batch: 1 },
  { type: 'expires', batch: 2, completedRatio: 0.6 },
  { type: 'create_refused', reason: 'over_capacity', batch: 3 },
  { type: 'rows_fail', everyBatch: 1, ratio: 0.05, statusCode: 500 },
  { type: 'truncated_download', probability: 0.1, keepRatio: 0.5 },
];

// 1. What happens to this job?
const result = await simulate(job, {
  seed: 42,
  faults,
  crashEvery: 7,
  answer: ({ customId }) => ({ label: customId }),
});
console.log(
  result.batches,
  'batches',
  result.crashes,
  'crashes',
  (result.virtualDurationMs / 3_600_000).toFixed(1),
  'h',
  result.costUsd,
  'USD',
);
assert(result.verification.isSound, `seed ${result.seed}`);
assert.deepEqual(result.ledger.doublePaidItemIds, []);
for await (const r of result.run.results())
  if (r.status === 'completed') assert.match(r.output.label, /^r\w{8}-\d+$/);

// 2. Step by step.
await using world = await createWorld({
  seed: 42,
  faults,
  startAt: new Date('2026-04-03T12:00:00Z'),
});
const run = await world.until(world.runner.start(job, { runId: 'rehearsal' }));
await world.advance(60 * 60 * 1000);
const reborn = await world.crash();
const again = await world.until(reborn.getRun('rehearsal', { job }));
console.log(run.runId === again.runId, (await world.settle(again)).status);

// 3. The same provider over HTTP, for any OpenAI client, at 3600 times the speed.
await using emulator = await startEmulator({ seed: 42, faults, speed: 3_600 });
const connection = createOpenAI({ name: 'emulator', baseURL: emulator.baseURL, apiKey: 'unused' });
await using runner = new BatchRunner({ providers: [connection] });
const overHttp = await runner.runAndWait({
  items: [{ itemId: 'a', payload: 'hi' }],
  buildPrompt: (item) => item.payload,
  providerConfig: connection({ model: 'gpt-4.1-mini', pollIntervalMs: 100, createGraceMs: 1_000 }),
});
console.log(overHttp.status);
