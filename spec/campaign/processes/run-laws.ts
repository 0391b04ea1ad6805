import { join } from 'node:path';
import { localClient } from '../../../adapters/filestore/worker/worker-client.ts';
import { nodeDisk } from '../../../adapters/filestore/disk/disk.ts';
import { sqljsStoreOn } from '../../../adapters/filestore/store/run-store.ts';
import type { RunId } from '../../../lib/core/internal.ts';
import type { StoredRunEvent } from '../../../lib/core/machine/run-event.ts';
import { must } from '../../../lib/run/api/interop.ts';
import { linesOf } from '../../cli/ran.ts';
import { isAnswerTo, itemIdOf, promptOf, runArguments } from './campaign-input.ts';
import type { ProcessWorld } from './process-world.ts';
import { unknownBatches } from './unknown-batches.ts';

/** What was found of a run at its end. */
export interface RunAccount {
  readonly resultCount: number;
  readonly doubleBilledCount: number;
  readonly billedAgainAfterLossCount: number;
  readonly batchesCreated: number;
  readonly createAttempts: number;
  /** Batches that the run does not know, and that were never billed. */
  readonly fencedCount: number;
  readonly orphanCount: number;
  readonly events: Readonly<Record<string, number>>;
  readonly adoptedCount: number;
  /** The broken laws, as text. */
  readonly broken: readonly string[];
}

export interface RunExpectation {
  readonly runId: string;
  /** Which prompts the rows have. */
  readonly salt: number;
  readonly rowCount: number;
}

/**
 * Holds a run that is over to the laws: one right result per row, no request billed again, no
 * unknown batch. The emulator must have served this run alone.
 */
export const accountOf = async (
  world: ProcessWorld,
  expected: RunExpectation,
): Promise<RunAccount> => {
  const { runId, salt, rowCount } = expected;
  const broken: string[] = [];
  const results = await world.run(runArguments('results', runId));
  if (results.code !== 0) broken.push(`results ends with ${results.code}: ${results.stderr}`);
  const lines = results.code === 0 ? linesOf(results.stdout) : [];
  const seen = new Set<number>();
  for (const [lineIndex, line] of lines.entries()) {
    const row = Number(String(line['item_id']).slice('item-'.length));
    if (line['item_id'] !== itemIdOf(row) || row !== lineIndex || seen.has(row))
      broken.push(`line ${lineIndex + 1} is of ${String(line['item_id'])}`);
    seen.add(row);
    if (line['status'] !== 'completed' || !isAnswerTo(line['output_text'], promptOf(salt, row)))
      broken.push(`row ${row} got ${JSON.stringify(line).slice(0, 300)}`);
  }
  if (lines.length !== rowCount) broken.push(`${lines.length} results for ${rowCount} rows`);

  const audit = await world.run(runArguments('verify', runId));
  if (audit.code !== 0) broken.push(`verify ends with ${audit.code}: ${audit.stderr}`);

  const events = await eventsOf(join(world.folder, 'store'), runId);
  const submitted = new Set(
    events.flatMap(({ eventType, data }) =>
      eventType === 'batch_submitted' ? [String(data['provider_batch_id'])] : [],
    ),
  );
  const ledger = await world.ledger();
  const unknown = await unknownBatches(world, ledger, submitted);
  broken.push(...unknown.broken);
  if (ledger.doubleBilledCount > 0) {
    const shown = ledger.doubleBilled
      .slice(0, 3)
      .map(({ customId, batchIds }) => `${customId} in ${batchIds.join(' and ')}`);
    broken.push(`${ledger.doubleBilledCount} requests were billed again, ${shown.join(', ')}`);
  }
  const counts: Record<string, number> = {};
  for (const { eventType } of events) counts[eventType] = (counts[eventType] ?? 0) + 1;
  return {
    resultCount: lines.length,
    doubleBilledCount: ledger.doubleBilledCount,
    billedAgainAfterLossCount: ledger.billedAgainAfterLossCount,
    batchesCreated: ledger.batchesCreated,
    createAttempts: ledger.createAttempts,
    fencedCount: unknown.fencedCount,
    orphanCount: unknown.orphanCount,
    events: counts,
    adoptedCount: events.filter(
      ({ eventType, data }) => eventType === 'batch_submitted' && data['was_adopted'] === true,
    ).length,
    broken,
  };
};

const pageEvents = 10_000;

const eventsOf = async (dir: string, runId: string): Promise<readonly StoredRunEvent[]> => {
  const store = await must(sqljsStoreOn({ dir }, () => localClient(nodeDisk, 0)).open());
  try {
    const reader = await must(store.read(runId as RunId));
    const events: StoredRunEvent[] = [];
    for (let cursor = 0; ;) {
      const page = await must(reader.eventsAfter(cursor, pageEvents));
      events.push(...page);
      const last = page[page.length - 1];
      if (last === undefined) break;
      cursor = last.sequence;
    }
    await reader.close();
    return events;
  } finally {
    await store.close();
  }
};
