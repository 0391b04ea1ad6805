// `npm run build && npx tsx spec/campaign/workers.ts [--workers 4] [--runs 40] [--rows R] [--seed
// N]`: docs/campaign.md says what it does.
import { startTestServer } from '../support/postgres/server.ts';
import { numberFlags, report, tell } from './figures.ts';
import { workerCampaign } from './processes/worker-campaign.ts';

const given = process.env['BATCHOR_TEST_POSTGRES_URL'] ?? '';
const server = given === '' ? await startTestServer() : null;
try {
  const options = numberFlags({ workers: 4, runs: 40, rows: 1_000, seed: 1 });
  const url = server?.url ?? given;
  report(
    await workerCampaign({
      ...options,
      url,
      turnaround: '1-8',
      strikeMsMax: 4_000,
      strikesMax: 1_000_000,
      tell,
    }),
  );
} finally {
  await server?.dispose();
}
