// `npm run simulate -- --seeds 1000 [--seed 1]`: plays so many seeds, from that one on; stops at
// the first that breaks a law.
import { parseArgs } from 'node:util';
import { campaign } from './simulated/campaign.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '300' }, seed: { type: 'string', default: '1' } },
});
const figures = await campaign({
  from: Number(values.seed),
  count: Number(values.seeds),
  tell: (line) => console.log(line),
});
console.log(JSON.stringify(figures, null, 2));
process.exitCode = figures.failures.length === 0 ? 0 : 1;
