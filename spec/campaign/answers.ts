// `npx tsx spec/campaign/answers.ts --lines 100000 [--seed N] [--rows 3000]`: docs/campaign.md says
// what it does.
import { answerCampaign } from './answers/answer-campaign.ts';
import { numberFlags, report, tell } from './figures.ts';

const { lines, seed, rows } = numberFlags({ lines: 100_000, seed: 1, rows: 3_000 });
report(await answerCampaign({ lines, seed, rowsMax: rows, isWhole: lines >= 50_000, tell }));
