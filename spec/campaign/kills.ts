// `npm run build && npx tsx spec/campaign/kills.ts --kills 200 [--seed N] [--rows R]`:
// docs/campaign.md says what it does.
import { numberFlags, report, tell } from './figures.ts';
import { killCampaign } from './processes/kill-campaign.ts';

report(
  await killCampaign({
    ...numberFlags({ kills: 200, seed: 1, rows: 20_000 }),
    turnaround: '0.5-6',
    lifeMs: 4_000,
    tell,
  }),
);
