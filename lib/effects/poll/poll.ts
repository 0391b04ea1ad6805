import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Effect } from '../../core/model/effect.ts';
import type { Asked, EnginePorts, Perform } from '../ports.ts';
import type { IdsOfBatches } from '../settle/adopted-ids.ts';
import type { BatchObservation } from '../../core/model/command.ts';
import { withLinesOfIds } from '../../core/submit/refused-ids.ts';
import type { PortError } from '../../ports/port-error.ts';
import type { OwnedRun } from '../../ports/run-store.ts';

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

/**
 * Observations without ids: what a failed validation says against a `custom_id` stands at the line
 * that the batch has it on. Those that name none, nearly all, are left as they are; for the others
 * what is remembered of the batch is read.
 */
const withoutRefusedIds = (
  run: Pick<OwnedRun, 'batches' | 'snapshot'>,
  ids: Pick<IdsOfBatches, 'of'>,
  observations: readonly BatchObservation[],
): TE.TaskEither<PortError, readonly BatchObservation[]> =>
  observations.every(({ refusedIds }) => refusedIds === undefined)
    ? TE.right(observations)
    : TE.traverseSeqArray((observation: BatchObservation) => located(run, ids, observation))(
        observations,
      );

const located = (
  run: Pick<OwnedRun, 'batches' | 'snapshot'>,
  ids: Pick<IdsOfBatches, 'of'>,
  { refusedIds = [], ...observation }: BatchObservation,
): TE.TaskEither<PortError, BatchObservation> => {
  const { ending } = observation;
  const batch = run.snapshot.live.find(({ batchKey }) => batchKey === observation.batchKey);
  const rejection = ending?.rejection ?? null;
  if (batch === undefined || ending === null || rejection === null || refusedIds.length === 0)
    return TE.right(observation);
  return pipe(
    TE.Do,
    TE.bind('records', () => run.batches(batch.batchNo, 1)),
    TE.bind('customIds', () => ids.of(batch.batchNo)),
    TE.map(({ records: [record], customIds }) => {
      if (record?.batchKey !== batch.batchKey) return observation;
      const said = withLinesOfIds(rejection.said, refusedIds, record.indexes, customIds);
      if (said.length === 0) return observation;
      const named = {
        ...rejection,
        type: 'invalid_lines',
        lines: said.map(({ line }) => line),
        said,
      } as const;
      return { ...observation, ending: { ...ending, rejection: named } };
    }),
  );
};
