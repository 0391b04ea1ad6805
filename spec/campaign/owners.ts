// `npm run build && npx tsx spec/campaign/owners.ts --rounds 60 [--seed N]`: docs/campaign.md says
// what it does.
import { numberFlags, report, tell } from './figures.ts';
import { ownerCampaign } from './processes/owner-campaign.ts';

report(
  await ownerCampaign({ ...numberFlags({ rounds: 60, seed: 1, sleepers: 8, kills: 8 }), tell }),
);
