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
  /** Where no fence stops a create: duplicate batches, and batches named as ones that may be. */
  readonly lateCount: number;
  readonly undecidedCount: number;
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
 * unknown batch. Where no fence stops a create, one that came through late may be billed again, in
 * a batch that the run counts as a duplicate or names as one that may be. The emulator must have
 * served this run alone.
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
      eventType === 'batch_submitted'
        ? [world.service.ledgerIdOf(String(data['provider_batch_id']))]
        : [],
    ),
  );
  const { late, undecided } = await toldOf(world, runId);
  const told = new Set([...late, ...undecided]);
  const ledger = await world.ledger();
  const unknown = await unknownBatches(world, ledger, new Set([...submitted, ...told]));
  broken.push(...unknown.broken);
  const unexplained = ledger.doubleBilled.filter(
    ({ batchIds }) => !world.service.isUnfenced || !batchIds.some((id) => told.has(id)),
  );
  if (unexplained.length > 0) {
    const shown = unexplained
      .slice(0, 3)
      .map(({ customId, batchIds }) => `${customId} in ${batchIds.join(' and ')}`);
    broken.push(`${unexplained.length} requests were billed again, ${shown.join(', ')}`);
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
    lateCount: late.length,
    undecidedCount: undecided.length,
    events: counts,
    adoptedCount: events.filter(
      ({ eventType, data }) => eventType === 'batch_submitted' && data['was_adopted'] === true,
    ).length,
    broken,
  };
};

interface ShownStatus {
  readonly strays: { readonly batches: readonly { readonly provider_batch_id: string }[] };
  readonly unfenced_creates: readonly {
    readonly candidates: readonly { readonly provider_batch_id: string }[];
  }[];
}

/** Batches that `status` names beside those of the run. */
const toldOf = async (world: ProcessWorld, runId: string) => {
  const { json } = await world.run(runArguments('status', runId));
  const { strays, unfenced_creates: creates } = json as unknown as ShownStatus;
  const candidates = creates.flatMap((create) => create.candidates);
  return {
    late: strays.batches.map((batch) => world.service.ledgerIdOf(batch.provider_batch_id)),
    undecided: candidates.map((candidate) => world.service.ledgerIdOf(candidate.provider_batch_id)),
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
