import { firstValueFrom, toArray } from 'rxjs';
import type { BatchRunner, Run } from '../../../lib/index.ts';
import { isAnswerTo, itemIdOf, promptOf } from './campaign-input.ts';
import type { ProcessWorld } from './process-world.ts';
import { unknownBatches } from './unknown-batches.ts';

/** What was found of all runs that shared a store and an emulator. */
export interface SharedAccount {
  readonly results: number;
  readonly batchesCreated: number;
  readonly createAttempts: number;
  readonly unconfirmed: number;
  readonly adopted: number;
  /** Batches that no run knows, and that were never billed. */
  readonly fenced: number;
  readonly orphans: number;
  readonly requestsBilled: number;
  readonly billedAgain: number;
  readonly billedAgainAfterLoss: number;
  /** The broken laws, as text. */
  readonly broken: readonly string[];
}

export interface SharedExpectation {
  readonly runIds: readonly string[];
  readonly saltOf: (run: number) => number;
  readonly rowCount: number;
}

/** One right result per row of every run, no request billed again, no batch that no run knows. */
export const accountOfAll = async (
  world: ProcessWorld,
  runner: BatchRunner,
  expected: SharedExpectation,
): Promise<SharedAccount> => {
  const { runIds, saltOf, rowCount } = expected;
  const broken: string[] = [];
  const submitted = new Set<string>();
  const sums = { results: 0, unconfirmed: 0, adopted: 0 };
  for (const [at, runId] of runIds.entries()) {
    await using run = (await runner.getRun(runId)) as Run<string>;
    await run.refresh();
    if (run.status !== 'completed')
      broken.push(
        `run ${runId} is ${run.status}, ${run.controlState}: ${JSON.stringify(run.summary().liveBatches)}`,
      );
    else {
      const { count, faults } = await readResults(run, saltOf(at), rowCount);
      sums.results += count;
      broken.push(...faults.map((fault) => `run ${runId}: ${fault}`));
    }
    const audit = await run.verify();
    if (audit.broken !== null) broken.push(`run ${runId}: verify: ${JSON.stringify(audit.broken)}`);
    for (const { eventType, data } of await eventsOf(run)) {
      if (eventType === 'batch_unclear') sums.unconfirmed += 1;
      if (eventType !== 'batch_submitted') continue;
      submitted.add(String(data['provider_batch_id']));
      if (data['was_adopted'] === true) sums.adopted += 1;
    }
  }
  const ledger = await world.ledger();
  const unknown = await unknownBatches(world, ledger, submitted);
  broken.push(...unknown.broken);
  if (ledger.doubleBilledCount > 0)
    broken.push(
      `${ledger.doubleBilledCount} requests were billed again: ${JSON.stringify(ledger.doubleBilled.slice(0, 3))}`,
    );
  return {
    ...sums,
    batchesCreated: ledger.batchesCreated,
    createAttempts: ledger.createAttempts,
    fenced: unknown.fencedCount,
    orphans: unknown.orphanCount,
    requestsBilled: ledger.requestsBilled,
    billedAgain: ledger.doubleBilledCount,
    billedAgainAfterLoss: ledger.billedAgainAfterLossCount,
    broken,
  };
};

const readResults = async (
  run: Run<string>,
  salt: number,
  rowCount: number,
): Promise<{ readonly count: number; readonly faults: readonly string[] }> => {
  const faults: string[] = [];
  let count = 0;
  for await (const result of run.results({ order: 'input' })) {
    const isRight =
      result.itemId === itemIdOf(count) &&
      result.status === 'completed' &&
      isAnswerTo(result.output, promptOf(salt, count));
    if (!isRight) faults.push(`row ${count} is wrong: ${JSON.stringify(result).slice(0, 300)}`);
    count += 1;
  }
  if (count !== rowCount) faults.push(`${count} results for ${rowCount} rows`);
  return { count, faults };
};

const eventsOf = (run: Run<string>): ReturnType<typeof collect> => collect(run);
const collect = (run: Run<string>) => firstValueFrom(run.events$().pipe(toArray()));
