import type { RunSummary } from '../../lib/run/view/summary.ts';
import type { Run } from '../../lib/run/api/run.ts';
import type { CliContext } from '../shell/context.ts';
import { capNote } from './cap-note.ts';
import { dollars } from '../../lib/core/money/prices.ts';
import { type Place, withStoreNamed } from '../shell/place.ts';
import { writeNotes } from './render.ts';
import { shownText } from './shown-text.ts';

/** What somebody who watches a run sees: one live line at a terminal; troubles and pauses everywhere, each once. */
export interface Watch {
  /** The latest that was seen. */
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
    context.stderr.write(`${clearLine}${shownText(liveLine(last).replaceAll('\n', ' ')).slice(0, widthOf(context) - 1)}`);
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
    // Whoever waits for the run hears of it.
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

const widthOf = ({ stderr }: CliContext): number => ('columns' in stderr && typeof stderr.columns === 'number' ? stderr.columns : 80);

const grouped = (count: number): string => count.toLocaleString('en-US');

/** The run at a glance, on one line. */
export const liveLine = ({ itemCount, itemCounts, isIngestionComplete, liveBatches, controlState, cost, queue }: RunSummary): string => {
  const answered = itemCounts.completed + itemCounts.failed_permanent;
  const out = liveBatches.filter((batch) => batch.providerBatchId !== null);
  const unclear = liveBatches.filter((batch) => batch.unclear !== null).length;
  const atProvider = out.reduce((sum, batch) => sum + (batch.completedCount ?? 0), 0);
  const parts = [
    `${grouped(answered)} of ${grouped(itemCount)}${isIngestionComplete ? '' : '+'} rows answered`,
    ...(itemCounts.failed_permanent > 0 ? [`${grouped(itemCounts.failed_permanent)} failed`] : []),
    ...(out.length > 0
      ? [`${out.length} ${out.length === 1 ? 'batch' : 'batches'} at the provider (${grouped(atProvider)} done there)`]
      : []),
    ...(unclear > 0 ? [`${unclear} ${unclear === 1 ? 'batch' : 'batches'} looked for`] : []),
    ...(cost.spentUsd === null || cost.spentUsd === 0
      ? []
      : [`${dollars(cost.spentUsd)}${cost.capUsd === null ? '' : ` of ${dollars(cost.capUsd)}${cost.isBound ? '' : ' by estimate'}`}`]),
    ...(isIngestionComplete ? [] : ['reading input']),
    ...(queue.waitsFor === null && queue.refusals === null ? [] : [waitText(queue)]),
    ...(controlState === 'running' ? [] : [controlState === 'paused' ? 'paused' : 'cancelling']),
  ];
  return parts.join(' · ');
};

/** Rows wait for room: in the provider's queue, or in a budget. What the provider says of it comes last, since the line is cut. */
const waitText = ({ refusals, othersTokens, othersRequests }: RunSummary['queue']): string => {
  if (refusals !== null) return `waiting for the provider's queue (refused ${refusals.count}×: ${refusals.message})`;
  return othersTokens > 0 || othersRequests > 0 ? 'waiting for room beside other runs' : 'waiting for room in the budget';
};

/** Says what is new and worth a line: a trouble that began or changed, a pause while answers are still awaited. */
const createNotes = (first: RunSummary): ((summary: RunSummary) => readonly string[]) => {
  const told = new Map<string, string>();
  const unclear = new Map<string, string>();
  let isCapTold = false;
  let control = controlText(first);
  return (summary) => {
    const lines: string[] = [];
    const note = isCapTold ? null : capNote(summary);
    if (note !== null) {
      isCapTold = true;
      lines.push(note);
    }
    for (const { what, message, retryAt } of summary.troubles) {
      // Each try is a request of its own, and each look later than the last: neither is news.
      const news = message.replace(/\breq_\w+/gu, '').replace(/[\d,]{1,9}(?:\.\d)? (?:second|minute|hour|day)s?\b/gu, '');
      if (told.get(what) === news) continue;
      told.set(what, news);
      lines.push(
        what.startsWith('overdue:')
          ? `batchor: ${message}`
          : `batchor: ${nameOf(what)}: ${message}; trying again at ${retryAt.toTimeString().slice(0, 8)}`,
      );
    }
    for (const what of [...told.keys()]) if (!summary.troubles.some((trouble) => trouble.what === what)) told.delete(what);
    lines.push(...createNotesOfUnclear(summary, unclear));
    const now = controlText(summary);
    if (now !== control && now !== '' && summary.liveBatches.some((batch) => batch.providerBatchId !== null)) lines.push(`batchor: ${now}`);
    control = now;
    return lines;
  };
};

/** A create without an answer is told of when it becomes one, and when its batch is sent again. */
const createNotesOfUnclear = ({ liveBatches }: RunSummary, told: Map<string, string>): readonly string[] => {
  const lines = liveBatches.flatMap((batch): readonly string[] => {
    const stage = batch.unclear?.stage ?? null;
    const before = told.get(batch.batchKey);
    if (stage === null || stage === before) return [];
    told.set(batch.batchKey, stage);
    if (before === undefined)
      return [
        `batchor: no answer came to the create of batch ${batch.batchKey}: it is looked for, and sent again once it is sure that it is not there`,
      ];
    return stage === 'fenced' ? [`batchor: batch ${batch.batchKey} is not there; it is sent again after a last look`] : [];
  });
  for (const key of [...told.keys()]) if (!liveBatches.some((batch) => batch.batchKey === key && batch.unclear !== null)) told.delete(key);
  return lines;
};

const controlText = ({ controlState, controlReason, controlMessage }: RunSummary): string => {
  if (controlState === 'running') return '';
  const why = controlMessage === null ? '' : `: ${controlMessage}`;
  if (controlState === 'cancel_requested') return `the run is being cancelled${why}`;
  return `the run is paused (${controlReason})${why}; what is at the provider is still collected`;
};

/** What an effect's key stands for. */
const nameOf = (what: string): string => names[what] ?? what.replace(/^batch:/u, 'batch ');
const names: Readonly<Record<string, string>> = {
  ingest: 'reading the input',
  poll: 'asking for the batches',
  sweep: 'looking for batches',
  plan: 'planning a batch',
  requeue: 'sending rows again',
  shared: 'ending rows whose request another row has sent',
  strays: 'watching batches that nobody needs',
};
