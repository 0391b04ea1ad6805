// `npx tsx spec/campaign/crash-points.ts [--only TEXT] [--point N] [--every N]`: each provider outcome, killed at each crash point.
import { parseArgs } from 'node:util';
import { crashCampaign } from './crash-campaign.ts';

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, point: { type: 'string' }, every: { type: 'string', default: '1' } },
});
const point = values.point === undefined ? null : Number(values.point);
const figures = await crashCampaign({ only: values.only, point, every: Number(values.every), tell: (line) => console.log(line) });
console.log(JSON.stringify(figures, null, 2));
process.exitCode = figures.failures.length === 0 && figures.played > figures.outcomes ? 0 : 1;
