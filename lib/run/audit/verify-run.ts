import { isFinished } from '../../core/model/snapshot.ts';
import { verifiedDuplicates } from '../view/duplicates.ts';
import type { ProviderWire } from '../../ports/provider.ts';
import type { RunReader } from '../../ports/run-store.ts';
import { must } from '../api/interop.ts';
import { atOneVersion, type RunObserver, type RunAtVersion } from './one-version.ts';
import type { BrokenLaw, Verification, VerifyOptions } from './verification.ts';
import { checkAttempts, checkBatches } from './check-batches.ts';
import { checkObjects } from './check-objects.ts';
import { checkResults } from './check-results.ts';
import { checkRows } from './check-rows.ts';
import { createPayload } from './payload.ts';
import { createRowLedger } from './row-ledger.ts';
import type { AuditContext } from './audit-context.ts';
import { createLawCounts } from './law-counts.ts';
import { storedRows } from '../../rows/read-rows.ts';

type Wire = Pick<ProviderWire, 'readVerdict'>;

/**
 * Verifies the conservation laws from rows and artifacts. Memory: a few dozen bytes per row, and
 * one page. Changes nothing; needs no key and no network. Returns damage as violations; throws only
 * when the store cannot be read. A run that changes meanwhile is verified at one version:
 * `atOneVersion`.
 */
export const verifyRun = async (
  observer: RunObserver,
  wire: Wire,
  options: VerifyOptions,
): Promise<Verification> => {
  const verifyOnce = (): Promise<Verification> =>
    atOneVersion(observer, (run) => verifyAtVersion(run, wire, options));
  const seen = await verifyOnce();
  if (seen.isSound || !isFinished(observer.reader.snapshot)) return seen;
  // A prune may have removed objects of a finished run meanwhile.
  const now = await observer.openReader();
  const { version } = now.snapshot;
  await now.close();
  return version === seen.version ? seen : verifyOnce();
};

const verifyAtVersion = async (
  { reader, snapshot, requireSameVersion }: RunAtVersion,
  wire: Wire,
  { signal, onProgress }: VerifyOptions,
): Promise<Verification> => {
  const totalCount = snapshot.ingest.itemCount + snapshot.resultSequence;
  let checkedCount = 0;
  const counts = createLawCounts();
  const ledger = createRowLedger(snapshot.ingest.itemCount, snapshot.batchCount);
  const context: AuditContext = {
    reader,
    snapshot,
    wire,
    payload: createPayload(reader.artifacts),
    counts,
    ledger,
    pruned: { rawFileCount: 0 },
    pageChecked(count) {
      signal?.throwIfAborted();
      requireSameVersion();
      checkedCount += count;
      onProgress?.({ checkedCount, totalCount });
    },
  };
  context.pageChecked(0);
  await checkRows(context);
  const { batches, files } = await checkBatches(context);
  checkAttempts(context);
  await checkResults(context, files);
  const objects = await checkObjects(context);
  const broken = await named(reader, counts.first());
  const { runId, version } = snapshot;
  const [itemCount, itemCounts] = [ledger.count, ledger.totals()];
  const pruned = { areRequestsPruned: snapshot.artifacts.areRequestsPruned, ...context.pruned };
  return {
    runId,
    isSound: broken === null,
    version,
    itemCount,
    itemCounts,
    laws: counts.laws(),
    batches,
    pruned,
    objects,
    duplicates: verifiedDuplicates(snapshot),
    broken,
  };
};

/** The violation, with item id and batch key added if only their numbers are known. */
const named = async (reader: RunReader, broken: BrokenLaw | null): Promise<BrokenLaw | null> => {
  if (broken === null) return null;
  const context = { runId: reader.runId };
  const row =
    broken.itemId === null && broken.itemIndex !== null
      ? (await must(storedRows(reader, broken.itemIndex, 1), context))[0]
      : undefined;
  const batch =
    broken.batchKey === null && broken.batchNo !== null
      ? (await must(reader.batches(broken.batchNo, 1), context))[0]
      : undefined;
  return {
    ...broken,
    itemId: broken.itemId ?? (row?.index === broken.itemIndex ? row.itemId : null),
    batchKey: broken.batchKey ?? (batch?.batchNo === broken.batchNo ? batch.batchKey : null),
  };
};
