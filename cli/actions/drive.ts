import { toWire } from '../../lib/run/view/wire.ts';
import { BatchorError, isBatchorError } from '../../lib/run/api/errors.ts';
import { stopReason } from '../../lib/run/drive/stop-reason.ts';
import type { RunSnapshot } from '../../lib/core/model/snapshot.ts';
import { isCancelSent, isSubmitted, uncancelledBatches } from '../../lib/core/machine/goals.ts';
import type { Run } from '../../lib/run/api/run.ts';
import type { BatchRunner } from '../../lib/run/api/runner.ts';
import type { RunSummary } from '../../lib/run/view/summary.ts';
import type { CliContext } from '../shell/context.ts';
import { type ExitCode, exitCodeOfRun, exitCodes } from '../shell/exit-codes.ts';
import { commandLine, type Place, summaryInPlace } from '../shell/place.ts';
import { failedNotes, rowsOf, startedNote } from '../print/next-notes.ts';
import { watch } from '../print/progress.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { isLeftAsItIs } from '../../lib/core/model/adopted.ts';

/** How far a command continues a run before it returns. */
export type Goal =
  /** Until the run finishes. */
  | 'finished'
  /** Until all input is read and every batch that the limits allow is sent. */
  | 'submitted'
  /**
   * Until nothing is left to send and every batch was asked to cancel; a cancel that fails is
   * retried a few times.
   */
  | 'cancelling';

export interface Driving {
  readonly context: CliContext;
  readonly place: Place;
  readonly runner: BatchRunner;
  readonly run: Run;
  readonly goal: Goal;
  /** An interruption that may have come before the run existed. */
  readonly signal?: AbortSignal;
}

const reached = Symbol('reached');
const interrupted = Symbol('interrupted');

/**
 * Continues or follows the run to the goal and prints its summary. If the run is paused or
 * unresolved, prints the summary and throws the reason. The first interruption releases the durable
 * run and lists the batches that continue at the provider.
 */
export const driveTo = async ({
  context,
  place,
  runner,
  run,
  goal,
  signal,
}: Driving): Promise<ExitCode> => {
  const halt = new AbortController();
  const stopListening = context.onInterrupt(() => {
    halt.abort(interrupted);
    // A create in flight is completed first, which may take a while.
    if (context.isStderrTerminal)
      writeNotes(context, ['', 'batchor: stopping; press Ctrl-C again to stop immediately']);
  });
  if (signal?.aborted === true) halt.abort(interrupted);
  await tellReading(run, context);
  const wasPaused = run.snapshot().control.state === 'paused';
  const view = watch(run, context, place, () => {
    if (isReached[goal](run.snapshot())) halt.abort(reached);
  });
  try {
    const summary = await run.wait({ signal: halt.signal });
    view.stop();
    await writeJson(context, summaryInPlace(place, toWire(summary)));
    writeNotes(context, await failureNotes(run, place));
    return exitCodeOfRun(summary);
  } catch (error) {
    if (error === interrupted) {
      // A batch sent in this moment still counts, so the summary is read after the runner has
      // closed.
      await runner.close();
      view.stop();
      writeNotes(context, farewell(view.last, place));
      return exitCodes.interrupted;
    }
    if (error === reached) return await leave({ context, place, run, goal }, view.stop);
    view.stop();
    if (isBatchorError(error) && standsStill.has(error.code))
      await writeJson(context, summaryInPlace(place, toWire(run.summary())));
    throw wasPaused && isBatchorError(error, 'run_paused') ? pausedBefore(error) : error;
  } finally {
    view.stop();
    stopListening();
  }
};

/** The reason of an earlier pause may no longer hold, so the message says that the pause is old. */
const pausedBefore = ({
  details,
  message,
  hint,
}: BatchorError<'run_paused'>): BatchorError<'run_paused'> => {
  const began = `run ${details.runId} was paused before this command began, and stays paused until you resume it`;
  return new BatchorError(
    'run_paused',
    details,
    `${began}; reason (${message.replace(/^run \S+ is paused \((\w+)\)/u, '$1)')}`,
    hint,
  );
};

const standsStill: ReadonlySet<string> = new Set([
  'run_paused',
  'batch_unresolved',
  'source_required',
]);

const leave = async (
  { context, place, run, goal }: Pick<Driving, 'context' | 'place' | 'run' | 'goal'>,
  stopWatching: () => void,
): Promise<ExitCode> => {
  const snapshot = run.snapshot();
  const unconfirmed = run.summary().liveBatches.filter((batch) => batch.unclear !== null);
  stopWatching();
  await writeJson(context, summaryInPlace(place, toWire(run.summary())));
  if (snapshot.control.state === 'paused') throw stopReason(snapshot, context.nowMs());
  if (unconfirmed.length > 0)
    writeNotes(context, [
      `batchor: creates not confirmed yet; wait checks them: ${unconfirmed.map((batch) => batch.batchKey).join(', ')}`,
    ]);
  const uncancelled = uncancelledBatches(snapshot);
  if (uncancelled.length > 0) {
    const ids = uncancelled.map(({ providerBatchId }) => providerBatchId).join(', ');
    writeNotes(context, [
      `batchor: the provider has not accepted the cancel yet; wait sends it again: ${ids}`,
    ]);
  }
  if (goal === 'submitted' && context.isStderrTerminal)
    writeNotes(context, [startedNote(place, run.runId)]);
  return exitCodes.ok;
};

const isReached: Readonly<Record<Goal, (snapshot: RunSnapshot) => boolean>> = {
  finished: () => false,
  submitted: isSubmitted,
  cancelling: isCancelSent,
};

const idsShownMax = 10;

const farewell = ({ runId, liveBatches, strays }: RunSummary, place: Place): readonly string[] => {
  const ids = liveBatches.flatMap((batch) =>
    batch.phase === 'created' ? (batch.providerBatchId ?? []) : [],
  );
  const ended = liveBatches.filter((batch) => batch.phase === 'ended');
  const unconfirmed = liveBatches.filter(
    (batch) => batch.phase === 'indeterminate' || batch.phase === 'creating',
  );
  const out =
    ids.length === 0
      ? strays.live === 0
        ? 'no batch continues at the provider'
        : 'only duplicate batches that it does not use may continue at the provider'
      : `${ids.length === 1 ? 'this batch continues' : 'these batches continue'} at the provider: ${someOf(ids)}`;
  return [
    `batchor: interrupted; run ${runId} is kept, and ${out}`,
    ...(ended.length === 0
      ? []
      : [
          `  ended, answers not fully collected: ${someOf(ended.map((batch) => batch.providerBatchId ?? batch.batchKey))}; the provider keeps them until its files expire, and wait downloads them at no further cost`,
        ]),
    ...(unconfirmed.length === 0
      ? []
      : [`  unconfirmed creates: ${unconfirmed.map((batch) => batch.batchKey).join(', ')}`]),
    `  continue: ${commandLine(place, 'wait', runId)}`,
    `  cancel:   ${commandLine(place, 'cancel', runId)}`,
  ];
};

const someOf = (ids: readonly string[]): string =>
  [
    ...ids.slice(0, idsShownMax),
    ...(ids.length > idsShownMax ? [`and ${ids.length - idsShownMax} more`] : []),
  ].join(', ');

/** Warns if answers are read by the stored JSON Schema instead of the job's own code. */
const tellReading = async (run: Run, context: CliContext): Promise<void> => {
  const structure = run.isFinished ? null : await run.structure();
  if (structure?.note)
    writeNotes(context, [
      `batchor: answers are read by the JSON Schema stored with the run: ${structure.note}`,
    ]);
};

/** The failed rows of a finished run, and what shows them; none for a cancelled run. */
export const failureNotes = async (run: Run, place: Place): Promise<readonly string[]> => {
  const notes = await adoptedNotes(run, place);
  return notes.length > 0 || exitCodeOfRun(run.summary()) !== exitCodes.finishedWithFailures
    ? notes
    : failedNotes(place, run.snapshot());
};

/**
 * Rows of batches that were created elsewhere failed, and nothing was sent for them: why, in the
 * provider's words, and how they are asked again. Reads a sample of their result lines.
 */
const adoptedNotes = async (run: Run, { storeFlag }: Place): Promise<readonly string[]> => {
  const { config, totals } = run.snapshot();
  const failed = totals.failed_permanent;
  if (failed === 0 || !isLeftAsItIs(config, 1)) return [];
  const { failures } = await run.report();
  const reasons = failures.flatMap(({ errorClass, count, said: [first] }) =>
    first === undefined ? [] : [`  ${errorClass}, ${rowsOf(count)}: ${first.message}`],
  );
  return [
    `batchor: ${rowsOf(failed)} failed, or had no answer; nothing was sent again, since the batches were created elsewhere`,
    ...reasons,
    `  Ask them again, as a run of their own: batchor start --from-run ${run.runId} --only failed${storeFlag} --wait`,
  ];
};
