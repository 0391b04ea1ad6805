import type { BrokenLaw, Verification } from '../../lib/run/audit/verification.ts';
import { commandLine, type Place, quoted } from '../shell/place.ts';
import { twoLines } from '../shell/failure.ts';
import { tableOf } from './text-table.ts';

const none = '-';

/** The verification as a table: a line per law, and a line per batch. */
export const verificationTable = ({
  runId,
  isSound,
  itemCount,
  itemCounts,
  laws,
  batches,
  pruned,
  objects,
  duplicates,
}: Verification): readonly string[] => [
  ...tableOf([
    ['law', 'checked', 'broken', 'says'],
    ...laws.map(({ law, checkedCount, brokenCount, says }) => [
      law,
      checkedCount,
      brokenCount,
      says,
    ]),
  ]),
  ...(batches.length === 0
    ? []
    : [
        '',
        ...tableOf([
          [
            'batch',
            'key',
            'at the provider',
            'state',
            'sent',
            'completed',
            'failed',
            'retried',
            'open',
            'tokens in',
            'billed in',
            'out',
          ],
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
  ...duplicatesText(duplicates),
  ...(objects.uncheckedCount === 0
    ? []
    : [
        '',
        `${objects.uncheckedCount} of ${objects.count} stored objects have no checksums: changed bytes in them may go undetected`,
      ]),
  '',
  `run ${runId}: ${itemCount} rows = ${
    Object.entries(itemCounts)
      .filter(([, count]) => count > 0)
      .map(([status, count]) => `${count} ${status}`)
      .join(' + ') || none
  }; ${isSound ? 'every law holds' : 'NOT SOUND'}`,
];

const duplicatesText = ({
  providerBatchIds,
  answeredCount,
  undecidedIds,
}: Verification['duplicates']): readonly string[] => [
  ...(providerBatchIds.length + undecidedIds.length > 0 ? [''] : []),
  ...(providerBatchIds.length > 0
    ? [
        `duplicate batches, billed and not used: ${providerBatchIds.join(', ')} (${answeredCount} requests answered so far)`,
      ]
    : []),
  ...(undecidedIds.length > 0
    ? [
        `batches that may be duplicates, since nothing proves whose they are: ${undecidedIds.join(', ')}; check at the provider`,
      ]
    : []),
];

const prunedText = ({
  areRequestsPruned,
  rawFileCount,
}: Verification['pruned']): readonly string[] => [
  ...(areRequestsPruned || rawFileCount > 0 ? [''] : []),
  ...(areRequestsPruned ? ['request lines were pruned and cannot be checked'] : []),
  ...(rawFileCount > 0
    ? [`${rawFileCount} raw files are not kept: the stored results were checked instead`]
    : []),
];

/** The broken law, its place, and a hint. */
export const brokenText = (
  { law, message, itemIndex, itemId, batchNo, batchKey }: BrokenLaw,
  runId: string,
  place: Place,
): readonly string[] => {
  const where = [
    ...(itemIndex === null
      ? []
      : [`row ${itemIndex}${itemId === null ? '' : ` (item ${JSON.stringify(itemId)})`}`]),
    ...(batchNo === null ? [] : [`batch ${batchNo}${batchKey === null ? '' : ` (${batchKey})`}`]),
  ].join(', ');
  const history =
    itemId === null
      ? ''
      : ` Its history: ${commandLine(place, 'inspect', runId, `--item ${quoted(itemId)}`)}`;
  return twoLines(
    `run ${runId} breaks the law "${law}"${where === '' ? '' : `: ${where}`}: ${message}`,
    `Do not change the run folder; verify changed nothing.${history}`,
  );
};
