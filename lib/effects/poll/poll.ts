import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Effect } from '../../core/model/effect.ts';
import type { Asked, EnginePorts, Perform } from '../ports.ts';
import type { IdsOfBatches } from '../settle/adopted-ids.ts';
import { withoutRefusedIds } from './refused-ids.ts';

type Of<T extends Effect['type']> = Extract<Effect, { readonly type: T }>;

export const performPoll =
  ({ run, provider, scheduler }: EnginePorts, ids: IdsOfBatches): Perform<Of<'PollBatches'>> =>
  ({ batches }) =>
    pipe(
      provider.observe(batches),
      TE.chain((observations) => withoutRefusedIds(run, ids, observations)),
      TE.map((observations): Asked =>
        TE.right({
          type: 'RecordPoll',
          atMs: scheduler.now(),
          asked: batches.map((batch) => batch.batchKey),
          observations,
        }),
      ),
    );

export const performCancel =
  ({ provider, scheduler }: EnginePorts): Perform<Of<'CancelBatch'>> =>
  ({ batchKey, providerBatchId }) =>
    pipe(
      provider.cancel(providerBatchId),
      TE.map((): Asked => TE.right({ type: 'RecordCancelAsked', atMs: scheduler.now(), batchKey })),
    );
