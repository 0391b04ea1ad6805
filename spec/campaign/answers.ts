// `npx tsx spec/campaign/answers.ts --lines 100000 [--seed N]`: docs/campaign.md says what it does.
import { answerCampaign } from './answers/answer-campaign.ts';
import { numberFlags, report, tell } from './figures.ts';

const { lines, seed } = numberFlags({ lines: 100_000, seed: 1 });
report(await answerCampaign({ lines, seed, isWhole: lines >= 50_000, tell }));
