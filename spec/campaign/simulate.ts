// `npm run simulate -- --seeds 1000 [--seed 1] [--shape anthropic]`: plays so many seeds, from that
// one on, each at a service of the shape that it draws, or all at one of this shape.
import { parseArgs } from 'node:util';
import { shapes } from './simulated/scenario.ts';
import { campaign } from './simulated/campaign.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    shape: { type: 'string' },
  },
});
const shape = shapes.find((name) => name === values.shape) ?? null;
if (values.shape !== undefined && shape === null)
  throw new Error(`--shape must be one of ${shapes.join(', ')} (got ${values.shape})`);
const figures = await campaign({
  from: Number(values.seed),
  count: Number(values.seeds),
  shape,
  tell: (line) => console.log(line),
});
console.log(JSON.stringify(figures, null, 2));
process.exitCode = figures.failures.length === 0 ? 0 : 1;
