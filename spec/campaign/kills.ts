// `npm run build && npm run kills -- [--kills 200] [--provider openai] [--processes N] [--seed N]
// [--rows R]`: docs/campaign.md says what it does.
import { parseArgs } from 'node:util';
import { report, tell, wholeFlag } from './figures.ts';
import { emulatedServices } from './processes/emulated-service.ts';
import { killCampaign } from './processes/kill-campaign.ts';

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: { kills: text, provider: text, processes: text, seed: text, rows: text },
});
const providers = Object.values(emulatedServices).map(({ name }) => name);
const provider = providers.find((name) => name === (values.provider ?? 'openai'));
if (provider === undefined)
  throw new Error(`--provider must be one of ${providers.join(', ')} (got ${values.provider})`);

report(
  await killCampaign({
    provider,
    kills: wholeFlag('kills', values.kills, 200),
    seed: wholeFlag('seed', values.seed, 1),
    rows: wholeFlag('rows', values.rows, 20_000),
    ...(values.processes === undefined
      ? {}
      : { processes: wholeFlag('processes', values.processes, 20) }),
    turnaround: '0.5-6',
    lifeMs: 4_000,
    tell,
  }),
);
