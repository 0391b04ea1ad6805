// A million rows through a queue of two million tokens, in virtual time: `npx tsx
// spec/campaign/queue.ts [--rows 1000000] [--queue 2000000] [--learn] [--silent] [--estimated]
// [--at-create] [--hours 1] [--max-requests N] [--seed 1]` Needs about 4 GB for a million rows:
// `NODE_OPTIONS=--max-old-space-size=8000`.
import { parseArgs } from 'node:util';
import { playQueueRun } from './simulated/queue-run.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    queue: { type: 'string', default: '2000000' },
    learn: { type: 'boolean', default: false },
    silent: { type: 'boolean', default: false },
    estimated: { type: 'boolean', default: false },
    'at-create': { type: 'boolean', default: false },
    hours: { type: 'string', default: '1' },
    'max-requests': { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
});
const beganMs = performance.now();
const figures = await playQueueRun({
  rows: Number(values.rows),
  queueTokens: Number(values.queue),
  isKnown: !values.learn,
  isStated: !values.silent,
  isFullAt: values['at-create'] ? 'create' : 'validation',
  isEstimated: values.estimated,
  latencyMs: Number(values.hours) * 3_600_000,
  seed: Number(values.seed),
  ...(values['max-requests'] === undefined ? {} : { maxRequests: Number(values['max-requests']) }),
});
console.log(
  JSON.stringify(
    { ...figures, realSeconds: Math.round((performance.now() - beganMs) / 1000) },
    null,
    2,
  ),
);
process.exitCode =
  figures.completed === Number(values.rows) &&
  figures.overIdeal < 0.05 &&
  figures.refusals <= (values.learn ? 5 : 0)
    ? 0
    : 1;
