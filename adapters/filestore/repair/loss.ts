import type { RunLoss } from '../../../lib/ports/store-care.ts';
import { countedBytes, type JournalAccount } from '../journal/journal-account.ts';
import type { ScannedRecord } from '../journal/journal-scan.ts';
import type { ReadUpTo } from '../journal/history.ts';
import { compareJournals } from '../disk/run-folder.ts';

/** The journals with records that a run loses when it continues from `after`. */
export const leftBehind = (
  journals: readonly JournalAccount[],
  after: ReadUpTo | null,
): readonly JournalAccount[] =>
  journals.filter((journal) => {
    if (!journal.doesCount) return false;
    const order = after === null ? 1 : compareJournals(journal.scan.id, after);
    return order > 0 || (order === 0 && after !== null && countedBytes(journal) > after.bytes);
  });

/**
 * What a run loses when it continues from the proved version; null: nothing. `publishedVersion` is
 * the last one in the owner's summary. A run that does not open has a loss, even without any trace.
 */
export const lossBehind = (
  journals: readonly JournalAccount[],
  proved: { readonly version: number; readonly after: ReadUpTo } | null,
  publishedVersion: number,
  isRefused: boolean,
): RunLoss | null => {
  const lost = leftBehind(journals, proved?.after ?? null).map((journal) => {
    const isTip = proved !== null && compareJournals(journal.scan.id, proved.after) === 0;
    const [from, to] = [isTip ? proved.after.bytes : 0, countedBytes(journal)];
    return {
      bytes: Math.max(0, to - from),
      records: journal.scan.records.filter(({ offset }) => offset >= from && offset < to),
    };
  });
  const records: readonly ScannedRecord[] = lost.flatMap((each) => each.records);
  const commits = records.flatMap(({ versions }) => (versions === null ? [] : [versions.after]));
  const damagedCount = records.filter(({ what }) => what !== null).length;
  const version = proved?.version ?? null;
  const knownVersion = [...commits, publishedVersion].reduce(
    (most, each) => Math.max(most, each),
    version ?? 0,
  );
  if (
    !isRefused &&
    version !== null &&
    damagedCount === 0 &&
    commits.length === 0 &&
    knownVersion <= version
  )
    return null;
  return {
    version,
    knownVersion: knownVersion > (version ?? 0) ? knownVersion : null,
    commitCount: commits.length,
    damagedCount,
    bytes: lost.reduce((sum, each) => sum + each.bytes, 0),
    providerBatchIds: [...new Set(records.flatMap(({ providerBatchIds }) => providerBatchIds))],
  };
};
