import { worstPrices, dollars } from '../../lib/core/money/money.ts';
import type { RunSnapshot } from '../../lib/core/model/snapshot.ts';

/**
 * A warning about rows that may be billed twice when waiting for a batch stops; none if the batch
 * had ended.
 */
export const paidTwiceNotes = (
  before: RunSnapshot,
  batchKey: string,
  resolution: 'give_up' | 'take_files',
): readonly string[] => {
  const batch = before.live.find((live) => live.batchKey === batchKey);
  if (batch === undefined) return [];
  const { requests, settledRows, providerBatchId, inputTokens } = batch;
  const rows = requests - settledRows;
  const worst = worstPrices(before);
  const share = rows / requests;
  const usd =
    worst === null
      ? ''
      : `, ${dollars((inputTokens * worst.usdPerToken + requests * worst.usdPerRequest) * share)} at worst`;
  const isCancelled = before.control.state === 'cancel_requested';
  const all = rows === 1 ? 'its row' : `its ${rows} rows`;
  const unanswered = rows === 1 ? 'its row, if unanswered,' : `the unanswered of its ${rows} rows`;
  const [are, fail] = rows > 1 ? ['are', 'fail'] : ['is', 'fails'];
  const which = resolution === 'take_files' ? unanswered : all;
  const fate = isCancelled
    ? `${which} ${fail} with the cancelled run; answers that the batch still produces are billed${usd}`
    : `${which} ${are} sent again; answers that the batch still produces are billed twice${usd}`;
  return [
    `batchor: batch ${providerBatchId ?? batchKey} is cancelled at the provider, and the run no longer waits for it: ${fate}`,
  ];
};
