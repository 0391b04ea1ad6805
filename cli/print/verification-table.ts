import type { BrokenLaw, Verification } from '../../lib/run/audit/verification.ts';
import { commandLine, type Place, quoted } from '../shell/place.ts';
import { twoLines } from '../shell/failure.ts';
import { tableOf } from './text-table.ts';

const none = '-';

/** What was proved, for a person: a line per law, and a line per batch. */
export const verificationTable = ({
  runId,
  isSound,
  itemCount,
  itemCounts,
  laws,
  batches,
  pruned,
  objects,
}: Verification): readonly string[] => [
  ...tableOf([
    ['law', 'checked', 'broken', 'says'],
    ...laws.map(({ law, checkedCount, brokenCount, says }) => [law, checkedCount, brokenCount, says]),
  ]),
  ...(batches.length === 0
    ? []
    : [
        '',
        ...tableOf([
          ['batch', 'key', 'at the provider', 'state', 'sent', 'completed', 'failed', 'retried', 'open', 'tokens in', 'billed in', 'out'],
          ...batches.map((batch) => [
            batch.batchNo,
            batch.batchKey,
            batch.providerBatchId ?? none,
            batch.state,
            batch.providerBatchId === null ? 0 : batch.requestCount,
            batch.completedCount,
            batch.failedCount,
            batch.retriedCount,
            batch.openCount,
            batch.inputTokens,
            batch.usage.inputTokens,
            batch.usage.outputTokens,
          ]),
        ]),
      ]),
  ...prunedText(pruned),
  ...(objects.uncheckedCount === 0
    ? []
    : ['', `${objects.uncheckedCount} of ${objects.count} stored objects have no checksums: a changed byte in them may not show`]),
  '',
  `run ${runId}: ${itemCount} rows = ${
    Object.entries(itemCounts)
      .filter(([, count]) => count > 0)
      .map(([status, count]) => `${count} ${status}`)
      .join(' + ') || none
  }; ${isSound ? 'every law holds' : 'NOT SOUND'}`,
];

const prunedText = ({ areRequestsPruned, rawFileCount }: Verification['pruned']): readonly string[] => [
  ...(areRequestsPruned || rawFileCount > 0 ? [''] : []),
  ...(areRequestsPruned ? ['request lines were pruned: nothing is left of them to be looked at'] : []),
  ...(rawFileCount > 0 ? [`${rawFileCount} raw files are not kept: what their lines said was looked at in their place`] : []),
];

/** Which law is broken, where, and what to do. */
export const brokenText = (
  { law, message, itemIndex, itemId, batchNo, batchKey }: BrokenLaw,
  runId: string,
  place: Place,
): readonly string[] => {
  const where = [
    ...(itemIndex === null ? [] : [`row ${itemIndex}${itemId === null ? '' : ` (item ${JSON.stringify(itemId)})`}`]),
    ...(batchNo === null ? [] : [`batch ${batchNo}${batchKey === null ? '' : ` (${batchKey})`}`]),
  ].join(', ');
  const look = itemId === null ? '' : ` Its history: ${commandLine(place, 'inspect', runId, `--item ${quoted(itemId)}`)}`;
  return twoLines(
    `run ${runId} breaks the law "${law}"${where === '' ? '' : `: ${where}`}: ${message}`,
    `Keep the run folder as it is; nothing was changed.${look}`,
  );
};
