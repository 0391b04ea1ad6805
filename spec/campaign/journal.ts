// `npx tsx spec/campaign/journal.ts [--seed N] [--sample K] [--case 'KIND: NAME']`: damages a run
// in every known way. Runs all cases, K of each kind, or one.
import { parseArgs } from 'node:util';
import { campaign } from './journal/campaign.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    sample: { type: 'string' },
    case: { type: 'string' },
  },
});
const figures = await campaign({
  seed: Number(values.seed),
  sample: values.sample === undefined ? null : Number(values.sample),
  only: values.case ?? null,
  tell: (line) => console.error(line),
});
console.log(JSON.stringify(figures));
process.exitCode = figures.wrong === 0 && figures.cases > 0 ? 0 : 1;
