import type { BatchEnding, BatchStage, NamedFiles } from '../../../lib/core/model/batch.ts';
import { rejectionOf } from '../../openai/batches/rejection.ts';
import { noSecrets } from '../../http/scrub.ts';
import type { Container } from './batch.ts';

/** What a batch is like, in words that the service does not have. */
export interface ContainerStatus {
  readonly word: 'empty' | 'in_progress' | 'cancelling' | 'completed' | 'cancelled';
  readonly stage: BatchStage;
  readonly ending: BatchEnding | null;
  readonly named: NamedFiles;
}

/**
 * What its counts say of a batch that was sent so many requests. All counts are zero while it is
 * empty, so that nothing pending is no end: it has ended once it counts all of them and none is
 * pending. Cancelled, it takes no more, and has ended with those that it has.
 */
export const statusOf = (
  { id, counts, isCancelled, cancelMessage }: Container,
  sent: number,
): ContainerStatus => {
  const { requests, pending, succeeded, failed } = counts;
  const answers = succeeded + failed;
  // The results of a batch stand under its own id.
  const named = { outputFileId: answers > 0 ? id : null, errorFileId: null };
  const isFull = requests >= Math.max(1, sent);
  if (pending > 0 || !(isFull || isCancelled)) {
    const word = isCancelled ? 'cancelling' : requests === 0 ? 'empty' : 'in_progress';
    return { word, stage: word === 'empty' ? 'validating' : word, ending: null, named };
  }
  const isWhole = isFull && answers >= requests;
  if (cancelMessage !== null && answers === 0) {
    const rejection = rejectionOf([{ message: cancelMessage }], noSecrets.scrub);
    return {
      word: 'cancelled',
      stage: 'unknown',
      ending: { type: 'rejected', ...named, rejection },
      named,
    };
  }
  const type = isCancelled && !isWhole ? 'cancelled' : 'completed';
  return { word: type, stage: 'unknown', ending: { type, ...named, rejection: null }, named };
};
