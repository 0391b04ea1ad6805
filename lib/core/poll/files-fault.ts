import type { LiveBatch } from '../model/batch.ts';
import type { FileCensus, FilesCensus } from '../model/files-census.ts';

/** Why the files of a batch cannot be what the provider has for it. */
export interface FilesFault {
  readonly message: string;
  /**
   * True when all billed answers are missing or unreadable: batchor does not send their rows again
   * without the operator.
   */
  readonly isWhole: boolean;
}

/**
 * A larger share of lines of no use is no slip of the provider in single lines: the files are read
 * again.
 */
export const unusableShareMax = 0.01;

/**
 * Where more than this share of the promised answers is missing, they are missing as a whole.
 * Single lines that a provider spoils are few, whatever the batch; what a proxy, an encoding or a
 * mixed-up file does, it does to nearly all. At half, the one is not taken for the other.
 */
export const lostShareMax = 0.5;

/**
 * So few rows whose own lines are spoilt are no whole, though the batch has no others: their
 * ceiling of attempts is enough.
 */
export const spoiltRowsMax = 3;

/**
 * Answers that the batch's counts promise; without any counts, a completed batch has one for each
 * of its requests.
 */
export const promisedAnswers = ({
  progress,
  ending,
  requests,
}: Pick<LiveBatch, 'progress' | 'ending' | 'requests'>): number => {
  const counted = progress === null ? 0 : progress.completed + progress.failed;
  return Math.min(requests, counted === 0 && ending?.type === 'completed' ? requests : counted);
};

/**
 * How many answers its files must hold; null for a batch that was given up, which may write more
 * after the last poll.
 */
const promisedInFiles = (batch: Pick<LiveBatch, 'progress' | 'ending' | 'requests'>): number =>
  batch.ending?.type === 'given_up' ? 0 : promisedAnswers(batch);

/** How many answers the output file must hold, by the batch's counts. They are billed. */
export const promisedOutputs = (
  batch: Pick<LiveBatch, 'progress' | 'ending' | 'requests'>,
): number =>
  batch.progress === null || batch.progress.completed + batch.progress.failed === 0
    ? promisedAnswers(batch)
    : Math.min(batch.requests, batch.progress.completed);

/** Null: the files are what the batch's counts promise, single lines apart. */
export const faultOfFiles = (batch: LiveBatch, census: FilesCensus): FilesFault | null => {
  const { rows, gone } = census;
  if (rows >= batch.requests) return null;
  const parts = [census.output, census.error].filter((part) => part !== null);
  const sum = (of: (part: FileCensus) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  const lines = sum((part) => part.lines);
  const unusable = sum((part) => part.malformed + part.unknown);
  const promised = promisedInFiles(batch);
  const isShort = rows + unusable < promised;
  if (
    gone === null &&
    !isShort &&
    unusable <= lines * unusableShareMax &&
    parts.every((part) => !part.isCut)
  )
    return null;
  return {
    message: messageOf(batch, census, promised),
    isWhole: isLostAsAWhole(batch, census, unusable),
  };
};

/**
 * The rows that only a lost error file speaks of failed, and failures are not paid for: they alone
 * stop nothing.
 */
const isLostAsAWhole = (
  batch: LiveBatch,
  { rows, spoilt, gone }: FilesCensus,
  unusable: number,
): boolean => {
  if (gone?.part === 'output' && promisedOutputs(batch) > 0) return true;
  const promised = gone?.part === 'error' ? promisedOutputs(batch) : promisedInFiles(batch);
  const lost = Math.max(promised - rows, Math.min(unusable, batch.requests - rows));
  if (lost <= Math.min(spoilt, spoiltRowsMax)) return false;
  return lost > Math.max(promised, rows + lost) * lostShareMax;
};

const messageOf = (
  { providerBatchId }: LiveBatch,
  { rows, output, error, gone }: FilesCensus,
  promised: number,
): string => {
  const files = [
    output === null ? null : describeFile('output', output),
    error === null ? null : describeFile('error', error),
    gone?.message ?? null,
  ];
  return `the files of batch ${providerBatchId} answer ${rows} of its rows, and ${promised} answers were promised: ${files.filter((text) => text !== null).join('; ')}`;
};

const describeFile = (
  part: string,
  { fileId, lines, malformed, unknown, isCut, begins }: FileCensus,
): string => {
  const faults = [
    malformed > 0 ? `${malformed} are no answers` : null,
    unknown > 0 ? `${unknown} answer requests that this batch did not send` : null,
    isCut ? 'the last one is cut' : null,
  ].filter((fault) => fault !== null);
  const shown =
    malformed > 0 || isCut || lines === 0 ? `; it begins ${JSON.stringify(begins)}` : '';
  return `${part} file ${fileId} has ${lines} lines${faults.length === 0 ? '' : `, of which ${faults.join(', ')}`}${shown}`;
};
