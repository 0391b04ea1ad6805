import { worstPrices } from '../../lib/core/money/money.ts';
import { dollars } from '../../lib/core/money/prices.ts';
import type { RunSnapshot } from '../../lib/core/model/snapshot.ts';

/** What a batch that is given up may cost a second time, by the run as it was before; nothing where it had ended. */
export const paidTwiceNotes = (before: RunSnapshot, batchKey: string, word: 'give_up' | 'take_files'): readonly string[] => {
  const batch = before.live.find((live) => live.batchKey === batchKey);
  if (batch === undefined) return [];
  const { requests, settledRows, providerBatchId, inputTokens } = batch;
  const rows = requests - settledRows;
  const worst = worstPrices(before);
  const share = rows / requests;
  const usd = worst === null ? '' : `, ${dollars((inputTokens * worst.usdPerToken + requests * worst.usdPerRequest) * share)} at worst`;
  const isCancelled = before.control.state === 'cancel_requested';
  const all = rows === 1 ? 'its row' : `its ${rows} rows`;
  const those = `what its files do not answer of ${all}`;
  const [goes, fails] = word === 'give_up' && rows > 1 ? ['go', 'fail'] : ['goes', 'fails'];
  const which = word === 'take_files' ? those : all;
  const fate = isCancelled
    ? `${which} ${fails} with the cancelled run; answers that the batch gives all the same are billed${usd}`
    : `${which} ${goes} again; answers that the batch gives all the same are paid for twice${usd}`;
  return [`batchor: batch ${providerBatchId ?? batchKey} is not waited for any longer, and is cancelled at the provider: ${fate}`];
};
