import type { RunSummary } from '../../lib/run/view/summary.ts';
import type { Run } from '../../lib/run/api/run.ts';
import type { CliContext } from '../shell/context.ts';
import { capNote } from './cap-note.ts';
import { dollars } from '../../lib/core/money/money.ts';
import { type Place, withStoreNamed } from '../shell/place.ts';
import { writeNotes, shownText } from './render.ts';

/**
 * The progress of a run: one live line at a terminal; warnings and pauses everywhere, each once.
 */
export interface Watch {
  /** The latest summary. */
  readonly last: RunSummary;
  stop(): void;
}

const drawMs = 200;
const clearLine = '\r\u001b[2K';

export const watch = (run: Run, context: CliContext, place: Place, onChange: () => void): Watch => {
  let last = run.summary();
  let isDrawn = false;
  let isDirty = true;
  const notes = createNotes(last);
  const erase = (): void => {
    if (isDrawn) context.stderr.write(clearLine);
    isDrawn = false;
  };
  const draw = (): void => {
    if (!isDirty) return;
    isDirty = false;
    context.stderr.write(
      `${clearLine}${shownText(liveLine(last).replaceAll('\n', ' ')).slice(0, widthOf(context) - 1)}`,
    );
    isDrawn = true;
  };
  if (context.isStderrTerminal) draw();
  const timer = context.isStderrTerminal ? setInterval(draw, drawMs) : null;
  const subscription = run.summary$.subscribe({
    next: (summary) => {
      last = summary;
      isDirty = true;
      const lines = notes(summary);
      if (lines.length > 0) {
        erase();
        writeNotes(
          context,
          lines.map((line) => withStoreNamed(place, line)),
        );
      }
      onChange();
    },
    // `run.wait()` throws the same error.
    error: () => undefined,
  });
  return {
    get last() {
      return last;
    },
    stop: () => {
      subscription.unsubscribe();
      if (timer !== null) clearInterval(timer);
      erase();
    },
  };
};

const widthOf = ({ stderr }: CliContext): number =>
  'columns' in stderr && typeof stderr.columns === 'number' && stderr.columns > 0
    ? stderr.columns
    : 80;

const grouped = (count: number): string => count.toLocaleString('en-US');

/** The state of the run on one line. */
export const liveLine = ({
  itemCount,
  itemCounts,
  isIngestionComplete,
  liveBatches,
  controlState,
  cost,
  queue,
}: RunSummary): string => {
  const answered = itemCounts.completed + itemCounts.failed_permanent;
  const out = liveBatches.filter((batch) => batch.providerBatchId !== null);
  const unconfirmed = liveBatches.filter((batch) => batch.unclear !== null).length;
  // Some services count nothing until a batch has ended.
  const isCounted = out.some((batch) => batch.completedCount !== null);
  const atProvider = out.reduce((sum, batch) => sum + (batch.completedCount ?? 0), 0);
  const parts = [
    `${grouped(answered)} of ${grouped(itemCount)}${isIngestionComplete ? '' : '+'} rows answered`,
    ...(itemCounts.failed_permanent > 0 ? [`${grouped(itemCounts.failed_permanent)} failed`] : []),
    ...(out.length > 0
      ? [
          `${out.length} ${out.length === 1 ? 'batch' : 'batches'} at the provider (${isCounted ? `${grouped(atProvider)} done there` : 'no counts reported yet'})`,
        ]
      : []),
    ...(unconfirmed > 0
      ? [`checking ${unconfirmed} unconfirmed ${unconfirmed === 1 ? 'create' : 'creates'}`]
      : []),
    ...(cost.spentUsd === null || cost.spentUsd === 0
      ? []
      : [
          `${dollars(cost.spentUsd)}${cost.capUsd === null ? '' : ` of ${dollars(cost.capUsd)}${cost.isBound ? '' : ' by estimate'}`}`,
        ]),
    ...(isIngestionComplete ? [] : ['reading input']),
    ...(queue.waitsFor === null && queue.refusals === null ? [] : [waitText(queue)]),
    ...(controlState === 'running' ? [] : [controlState === 'paused' ? 'paused' : 'cancelling']),
  ];
  return parts.join(' · ');
};

/**
 * Names the limit that rows wait for. The provider's message comes last, since the line is cut to
 * the terminal.
 */
const waitText = ({ refusals, othersTokens, othersRequests }: RunSummary['queue']): string => {
  if (refusals !== null)
    return `waiting for the provider's queue (refused ${refusals.count}×: ${refusals.message})`;
  return othersTokens > 0 || othersRequests > 0
    ? 'waiting for queue capacity used by other runs'
    : 'waiting for capacity in the budget';
};

/**
 * Lines for new events: a warning that began or changed, a pause while batches are at the provider.
 */
const createNotes = (first: RunSummary): ((summary: RunSummary) => readonly string[]) => {
  const shown = new Map<string, string>();
  const unconfirmed = new Map<string, string>();
  let isCapShown = false;
  let control = controlText(first);
  return (summary) => {
    const lines: string[] = [];
    const note = isCapShown ? null : capNote(summary);
    if (note !== null) {
      isCapShown = true;
      lines.push(note);
    }
    for (const { what, message, retryAt } of summary.troubles) {
      // A new request id or a later time alone is not news.
      const news = message
        .replace(/\breq_\w+/gu, '')
        .replace(/[\d,]{1,9}(?:\.\d)? (?:second|minute|hour|day)s?\b/gu, '');
      if (shown.get(what) === news) continue;
      shown.set(what, news);
      lines.push(
        /^(?:overdue|late|undecided):/u.test(what)
          ? `batchor: ${message}`
          : `batchor: ${nameOf(what)}: ${message}; trying again at ${retryAt.toTimeString().slice(0, 8)}`,
      );
    }
    for (const what of [...shown.keys()])
      if (!summary.troubles.some((warning) => warning.what === what)) shown.delete(what);
    lines.push(...unconfirmedNotes(summary, unconfirmed));
    const now = controlText(summary);
    if (
      now !== control &&
      now !== '' &&
      summary.liveBatches.some((batch) => batch.providerBatchId !== null)
    )
      lines.push(`batchor: ${now}`);
    control = now;
    return lines;
  };
};

/** One line when a create becomes unconfirmed, and one when its batch is sent again. */
const unconfirmedNotes = (
  { liveBatches }: RunSummary,
  shown: Map<string, string>,
): readonly string[] => {
  const lines = liveBatches.flatMap((batch): readonly string[] => {
    const stage = batch.unclear?.stage ?? null;
    const before = shown.get(batch.batchKey);
    if (stage === null || stage === before) return [];
    shown.set(batch.batchKey, stage);
    if (before === undefined)
      return [
        `batchor: the create of batch ${batch.batchKey} got no answer; batchor searches for the batch, and sends it again only once it is known not to exist`,
      ];
    return stage === 'fenced'
      ? [`batchor: batch ${batch.batchKey} does not exist; it is sent again after a last check`]
      : [];
  });
  for (const key of [...shown.keys()])
    if (!liveBatches.some((batch) => batch.batchKey === key && batch.unclear !== null))
      shown.delete(key);
  return lines;
};

const controlText = ({ controlState, controlReason, controlMessage }: RunSummary): string => {
  if (controlState === 'running') return '';
  const why = controlMessage === null ? '' : `: ${controlMessage}`;
  if (controlState === 'cancel_requested') return `the run is being cancelled${why}`;
  return `the run is paused (${controlReason})${why}; answers of batches at the provider are still collected`;
};

/** A readable name for the key of an effect. */
const nameOf = (what: string): string => names[what] ?? what.replace(/^batch:/u, 'batch ');
const names: Readonly<Record<string, string>> = {
  ingest: 'reading the input',
  poll: 'polling batches',
  sweep: 'listing batches',
  unfenced: 'searching for late batches',
  plan: 'planning a batch',
  requeue: 'sending rows again',
  shared: 'ending rows that share the request of another row',
  strays: 'polling duplicate batches',
};
