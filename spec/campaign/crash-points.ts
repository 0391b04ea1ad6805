// `npx tsx spec/campaign/crash-points.ts [--only TEXT] [--point N] [--every N] [--store
// memory|postgres]`: each provider outcome, killed at each crash point.
import { parseArgs } from 'node:util';
import { postgresWorld } from '../support/postgres/simulated-storage.ts';
import { startTestServer } from '../support/postgres/server.ts';
import { crashCampaign } from './crash/crash-campaign.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    point: { type: 'string' },
    every: { type: 'string', default: '1' },
    store: { type: 'string', default: 'memory' },
  },
});
if (!['memory', 'postgres'].includes(values.store))
  throw new Error(`--store ${values.store}: memory or postgres`);
const point = values.point === undefined ? null : Number(values.point);
const given = process.env['BATCHOR_TEST_POSTGRES_URL'] ?? '';
const server = values.store === 'postgres' && given === '' ? await startTestServer() : null;
const postgres =
  values.store === 'postgres' ? postgresWorld(server?.url ?? given, 'campaign_crash_points') : null;
try {
  const figures = await crashCampaign({
    ...{
      only: values.only,
      point,
      every: Number(values.every),
      tell: (line: string) => console.log(line),
    },
    ...(postgres === null ? {} : { storageOf: () => postgres.empty() }),
  });
  console.log(JSON.stringify(figures, null, 2));
  process.exitCode = figures.failures.length === 0 && figures.played > figures.outcomes ? 0 : 1;
} finally {
  await postgres?.[Symbol.asyncDispose]();
  await server?.dispose();
}
