// Runs that share one queue, in a process that dies now and then: `npx tsx
// spec/campaign/shared-queue.ts --seeds 200 --seed 1`.
import { parseArgs } from 'node:util';
import { playSharedQueue } from './simulated/shared-queue.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
});
const beganMs = performance.now();
const sums = { runs: 0, plans: 0, givenWay: 0, crashes: 0, refusals: 0, doublePaid: 0, fullest: 0 };
const failures: { readonly seed: number; readonly message: string }[] = [];
const from = Number(values.seed);
for (let seed = from; seed < from + Number(values.seeds); seed += 1) {
  try {
    const play = await playSharedQueue(seed);
    for (const name of ['runs', 'plans', 'givenWay', 'crashes', 'refusals', 'doublePaid'] as const)
      sums[name] += play[name];
    sums.fullest = Math.max(sums.fullest, play.fullest);
    const [breach] = play.breaches;
    if (breach !== undefined) failures.push({ seed, message: breach });
    else if (play.refusals > 0)
      failures.push({ seed, message: `${play.refusals} batches found no room` });
    else if (play.doublePaid > 0)
      failures.push({ seed, message: `${play.doublePaid} items were paid for twice` });
  } catch (error) {
    failures.push({ seed, message: error instanceof Error ? error.message : String(error) });
  }
  const failure = failures.at(-1);
  if (failure?.seed === seed)
    console.log(
      `seed ${seed}: ${failure.message}\n  repeat it: npx tsx spec/campaign/shared-queue.ts --seeds 1 --seed ${seed}`,
    );
}
console.log(
  JSON.stringify(
    {
      campaign: 'shared-queue',
      seeds: Number(values.seeds),
      ...sums,
      seconds: Math.round((performance.now() - beganMs) / 1000),
      failures: failures.length,
    },
    null,
    2,
  ),
);
process.exitCode = failures.length === 0 ? 0 : 1;
