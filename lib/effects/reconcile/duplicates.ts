import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Effect } from '../../core/model/effect.ts';
import type { Asked, EnginePorts, Perform } from '../ports.ts';

type Of<T extends Effect['type']> = Extract<Effect, { readonly type: T }>;

export const performCancelDuplicate =
  ({ provider, scheduler }: EnginePorts): Perform<Of<'CancelStray'>> =>
  ({ providerBatchId }) =>
    pipe(
      provider.cancel(providerBatchId),
      TE.map((): Asked =>
        TE.right({ type: 'RecordStrayCancelled', atMs: scheduler.now(), providerBatchId }),
      ),
    );

export const performPollDuplicates =
  ({ provider, scheduler }: EnginePorts): Perform<Of<'PollStrays'>> =>
  ({ batches }) =>
    pipe(
      provider.observe(batches),
      TE.map((observations): Asked => {
        const asked = batches.map(({ providerBatchId }) => providerBatchId);
        return TE.right({ type: 'RecordStrays', atMs: scheduler.now(), asked, observations });
      }),
    );
