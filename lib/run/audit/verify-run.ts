import { isFinished } from '../../core/model/snapshot.ts';
import type { ProviderWire } from '../../ports/provider.ts';
import type { RunReader } from '../../ports/run-store.ts';
import { must } from '../api/interop.ts';
import { atOneVersion, type Onlooker, type StillRun } from './one-version.ts';
import type { BrokenLaw, Verification, VerifyOptions } from './verification.ts';
import { checkAttempts, checkBatches } from './check-batches.ts';
import { checkObjects } from './check-objects.ts';
import { checkResults } from './check-results.ts';
import { checkRows } from './check-rows.ts';
import { createPayload } from './payload.ts';
import { createRowLedger } from './row-ledger.ts';
import type { Scene } from './scene.ts';
import { createTally } from './tally.ts';

type Wire = Pick<ProviderWire, 'readVerdict'>;

/**
 * Proves conservation from rows and artifacts, in bounded memory: a few dozen bytes a row, and a page. Changes nothing, and needs
 * neither key nor network. What is damaged is told, never thrown; only a store that cannot be read at all is an error. A run that
 * moves meanwhile, wherever it is driven, is looked at as it was at one version: see `atOneVersion`.
 */
export const verifyRun = async (onlooker: Onlooker, wire: Wire, options: VerifyOptions): Promise<Verification> => {
  const look = (): Promise<Verification> => atOneVersion(onlooker, (run) => lookAt(run, wire, options));
  const seen = await look();
  if (seen.isSound || !isFinished(onlooker.reader.snapshot)) return seen;
  // What a finished run refers to stays where it is, unless somebody prunes it.
  const now = await onlooker.openReader();
  const { version } = now.snapshot;
  await now.close();
  return version === seen.version ? seen : look();
};

const lookAt = async ({ reader, snapshot, stands }: StillRun, wire: Wire, { signal, onProgress }: VerifyOptions): Promise<Verification> => {
  const totalCount = snapshot.ingest.itemCount + snapshot.resultSequence;
  let checkedCount = 0;
  const tally = createTally();
  const ledger = createRowLedger(snapshot.ingest.itemCount, snapshot.batchCount);
  const scene: Scene = {
    reader,
    snapshot,
    wire,
    payload: createPayload(reader.artifacts),
    tally,
    ledger,
    pruned: { rawFileCount: 0 },
    turned(count) {
      signal?.throwIfAborted();
      stands();
      checkedCount += count;
      onProgress?.({ checkedCount, totalCount });
    },
  };
  scene.turned(0);
  await checkRows(scene);
  const { batches, files } = await checkBatches(scene);
  checkAttempts(scene);
  await checkResults(scene, files);
  const objects = await checkObjects(scene);
  const broken = await named(reader, tally.first());
  const { runId, version } = snapshot;
  const [itemCount, itemCounts] = [ledger.count, ledger.totals()];
  const pruned = { areRequestsPruned: snapshot.artifacts.areRequestsPruned, ...scene.pruned };
  return { runId, isSound: broken === null, version, itemCount, itemCounts, laws: tally.laws(), batches, pruned, objects, broken };
};

/** The same, with the names of its row and its batch, where only their numbers are known. */
const named = async (reader: RunReader, broken: BrokenLaw | null): Promise<BrokenLaw | null> => {
  if (broken === null) return null;
  const context = { runId: reader.runId };
  const row = broken.itemId === null && broken.itemIndex !== null ? (await must(reader.rows(broken.itemIndex, 1), context))[0] : undefined;
  const batch =
    broken.batchKey === null && broken.batchNo !== null ? (await must(reader.batches(broken.batchNo, 1), context))[0] : undefined;
  return {
    ...broken,
    itemId: broken.itemId ?? (row?.index === broken.itemIndex ? row.itemId : null),
    batchKey: broken.batchKey ?? (batch?.batchNo === broken.batchNo ? batch.batchKey : null),
  };
};
