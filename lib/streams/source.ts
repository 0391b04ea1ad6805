import * as TE from 'fp-ts/lib/TaskEither.js';
import { timer } from 'rxjs';
import type { AcceptedSlice, Command } from '../core/command.ts';
import type { Effect } from '../core/effect.ts';
import type { JsonValue } from '../core/json.ts';
import type { SourceCheckpoint } from '../core/snapshot.ts';
import { duplicateIds } from '../core/source.ts';
import type { PortError } from '../ports/port-error.ts';
import type { SourceEntry } from '../ports/source.ts';
import { EngineFailure } from './faults.ts';
import type { Asked, EnginePorts, EngineSource, Perform } from './ports.ts';
import { createRowRenderer, type RenderedRow, type RowRenderer } from './render.ts';

type IngestEffect = Extract<Effect, { readonly type: 'IngestSlice' }>;

/** A slice is cut at so many bytes of request lines, whatever its rows. */
export const sliceBytesMax = 2 * 1024 * 1024;
/** A slice of a slow source is cut at this age, so that rows do not wait in memory for company. */
export const sliceAgeMsMax = 1_000;

/** Pulls one slice per demand: reads, renders, writes the payload, and only then offers the rows. */
export const performIngest = (ports: EnginePorts): Perform<IngestEffect> => {
  const { source } = ports;
  if (source === null)
    return () => TE.left({ type: 'refused', message: 'the source of this run is not attached', statusCode: null, requestId: null });
  const reader = createReader(ports, source);
  let slicesWritten = 0;
  const renderer = createRowRenderer(ports, source);
  return (effect, signal) => async () => {
    try {
      const pulled = await reader.next(effect, signal);
      const rows: RenderedRow[] = [];
      let size = 0;
      for (const { entry, entryIndex } of pulled.entries) {
        const row = renderer.render(entry, effect.fromIndex + rows.length, entryIndex);
        // Awaiting only where a prompt is a promise: a microtask per row is a cost of its own.
        rows.push(row instanceof Promise ? await row : row);
        size += rows[rows.length - 1]?.line.length ?? 0;
        if (size >= sliceBytesMax) break;
      }
      const entries = reader.keep(pulled, rows.length);
      const judged = await judge(ports, renderer, entries, rows);
      if (judged._tag === 'Left') return judged;
      slicesWritten += 1;
      const name = (plane: string): string =>
        `${plane}/${String(effect.fromIndex).padStart(12, '0')}-e${ports.run.epoch}-${slicesWritten}.jsonl`;
      return await offer(ports, effect, entries, judged.right, name);
    } catch (thrown) {
      reader.drop();
      if (thrown instanceof EngineFailure) return { _tag: 'Left', left: thrown.error };
      if (signal.aborted)
        return { _tag: 'Left', left: { type: 'transient', message: 'ingestion was stopped', retryAfterMs: null, cause: thrown } };
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      return {
        _tag: 'Right',
        right: TE.right({
          type: 'RecordFault',
          atMs: ports.scheduler.now(),
          key: ingestEffectKey,
          fault: 'source_unreadable',
          message,
          retryAfterMs: null,
        }),
      };
    }
  };
};

const ingestEffectKey = 'ingest' as Extract<Command, { readonly type: 'RecordFault' }>['key'];

interface PulledSlice {
  readonly entries: readonly { readonly entry: SourceEntry; readonly entryIndex: number; readonly positionBefore: JsonValue }[];
  readonly isLast: boolean;
}

/** Keeps one iterator open from slice to slice; opens it anew where the checkpoint says otherwise. */
const createReader = (
  ports: EnginePorts,
  source: EngineSource,
): {
  next(effect: IngestEffect, signal: AbortSignal): Promise<PulledSlice>;
  /** The first rows of a pulled slice; the others wait for the next pull. */
  keep(pulled: PulledSlice, count: number): PulledSlice;
  drop(): void;
} => {
  let iterator: AsyncIterator<SourceEntry | readonly SourceEntry[]> | null = null;
  let ahead: SourceEntry[] = [];
  let pulled: Promise<IteratorResult<SourceEntry | readonly SourceEntry[]>> | null = null;
  let nextIndex = -1;
  let position: JsonValue = null;
  let isOver = false;
  const abort = new AbortController();
  const drop = (): void => {
    void iterator?.return?.()?.catch(() => undefined);
    iterator = null;
    ahead = [];
    pulled = null;
    nextIndex = -1;
    isOver = false;
  };
  return {
    drop,
    keep(pulled, count) {
      const rest = pulled.entries.slice(count);
      const [first] = rest;
      if (first === undefined) return pulled;
      ahead = [...rest.map(({ entry }) => entry), ...ahead];
      nextIndex = first.entryIndex;
      position = first.positionBefore;
      isOver ||= pulled.isLast;
      return { entries: pulled.entries.slice(0, count), isLast: false };
    },
    async next(effect, signal) {
      const from = effect.checkpoint?.nextIndex ?? 0;
      if (iterator === null || nextIndex !== from) {
        drop();
        position = effect.checkpoint?.position ?? null;
        nextIndex = from;
        signal.addEventListener('abort', () => abort.abort(), { once: true });
        iterator = source.items.read(position, { signal: abort.signal })[Symbol.asyncIterator]();
      }
      const entries: { entry: SourceEntry; entryIndex: number; positionBefore: JsonValue }[] = [];
      let isLast = false;
      let wakeAged: (() => void) | undefined;
      const aged = new Promise<'aged'>((resolve) => (wakeAged = () => resolve('aged')));
      const age = timer(sliceAgeMsMax, ports.scheduler).subscribe(() => wakeAged?.());
      try {
        while (entries.length < effect.rowsMax) {
          if (ahead.length === 0) {
            if (isOver) {
              isLast = true;
              break;
            }
            if (pulled === null) {
              pulled = iterator.next();
              // It may fail while nobody waits for it; whoever waits next is told.
              pulled.catch(() => undefined);
            }
            const answer: IteratorResult<SourceEntry | readonly SourceEntry[]> | 'aged' =
              entries.length === 0 ? await pulled : await Promise.race([pulled, aged]);
            if (answer === 'aged') break;
            pulled = null;
            if (answer.done === true) {
              isLast = true;
              break;
            }
            ahead = isEntries(answer.value) ? [...answer.value] : [answer.value];
            continue;
          }
          const taken = ahead.splice(0, effect.rowsMax - entries.length);
          for (const entry of taken) {
            entries.push({ entry, entryIndex: nextIndex, positionBefore: position });
            position = entry.position;
            nextIndex += 1;
          }
        }
      } finally {
        age.unsubscribe();
      }
      return { entries, isLast };
    },
  };
};

const isEntries = (value: SourceEntry | readonly SourceEntry[]): value is readonly SourceEntry[] => Array.isArray(value);

/** Finds the rows whose id is taken, in the slice or in the run. */
const judge = async (
  { run }: EnginePorts,
  renderer: RowRenderer,
  { entries }: PulledSlice,
  rows: readonly RenderedRow[],
): Promise<{ _tag: 'Left'; left: PortError } | { _tag: 'Right'; right: readonly RenderedRow[] }> => {
  if (rows.length === 0) return { _tag: 'Right', right: rows };
  const known = await run.knownIds(rows.map((row) => row.itemId))();
  if (known._tag === 'Left') return known;
  const ids = rows.map((row) => row.itemId);
  const taken = duplicateIds(ids, known.right);
  if (taken.length === 0) return { _tag: 'Right', right: rows };
  const judged = [...rows];
  for (const place of taken) {
    const pulled = entries[place];
    const row = rows[place];
    if (pulled !== undefined && row !== undefined) judged[place] = renderer.renderTaken(pulled.entry, pulled.entryIndex, row);
  }
  return { _tag: 'Right', right: judged };
};

/** Writes the slice's payload and answers the command that accepts it; under the stopping policy only up to the first bad row. */
const offer = async (
  { run, scheduler }: EnginePorts,
  effect: IngestEffect,
  pulled: PulledSlice,
  rows: readonly RenderedRow[],
  name: (plane: string) => string,
): Promise<{ _tag: 'Left'; left: PortError } | { _tag: 'Right'; right: Asked }> => {
  const stopAt = run.snapshot.config.operation.badRows === 'fail' ? rows.findIndex((row) => row.bad !== null) : -1;
  const first = stopAt === 0 ? rows[0]?.bad?.message : null;
  if (first) return { _tag: 'Right', right: TE.right({ type: 'RejectRow', atMs: scheduler.now(), message: first }) };
  const count = stopAt === -1 ? rows.length : stopAt;
  const kept = rows.slice(0, count);
  const last = pulled.entries[count - 1];
  const checkpoint: SourceCheckpoint =
    last === undefined
      ? (effect.checkpoint ?? { nextIndex: 0, position: null, beforeLastPosition: null })
      : { nextIndex: last.entryIndex + 1, position: last.entry.position, beforeLastPosition: last.positionBefore };
  const isLast = pulled.isLast && count === rows.length;
  if (kept.length === 0)
    return { _tag: 'Right', right: TE.right({ type: 'AcceptSlice', atMs: scheduler.now(), slice: null, checkpoint, isLast }) };
  const requests = encodeLines(kept.map((row) => row.line));
  const items = encodeLines(kept.map((row) => row.itemLine));
  const requestObject = requests.bytes.length === 0 ? null : name('requests');
  const itemObject = name('items');
  const put = async (object: string, bytes: Uint8Array): Promise<PortError | null> => {
    const done = await run.artifacts.put(object, [bytes])();
    return done._tag === 'Left' ? done.left : null;
  };
  const faults = await Promise.all([requestObject === null ? null : put(requestObject, requests.bytes), put(itemObject, items.bytes)]);
  const fault = faults.find((candidate) => candidate !== null);
  if (fault) return { _tag: 'Left', left: fault };
  const slice: AcceptedSlice = {
    fromIndex: effect.fromIndex,
    itemIds: kept.map((row) => row.itemId),
    requestObject,
    itemObject,
    requestLengths: requests.lengths,
    itemLengths: items.lengths,
    tokens: kept.some((row) => row.tokens !== null) ? Uint32Array.from(kept, (row) => row.tokens ?? 0) : null,
    badOffsets: Uint32Array.from(kept.flatMap((row, i) => (row.bad === null ? [] : [i]))),
  };
  return { _tag: 'Right', right: TE.right({ type: 'AcceptSlice', atMs: scheduler.now(), slice, checkpoint, isLast }) };
};

const encoder = new TextEncoder();
/** One buffer and each line's byte length, in one pass over the text. */
const encodeLines = (lines: readonly string[]): { readonly bytes: Uint8Array; readonly lengths: Uint32Array } => {
  const lengths = new Uint32Array(lines.length);
  // UTF-8 needs at most three bytes per UTF-16 unit; most text needs one, so room is made for that, and more only where it runs out.
  let bytes = new Uint8Array(lines.reduce((sum, line) => sum + line.length, 0) + 64);
  let at = 0;
  lines.forEach((line, i) => {
    if (bytes.length - at < line.length * 3) {
      const needed = encoder.encode(line);
      if (bytes.length - at < needed.length) {
        const larger = new Uint8Array(Math.max(bytes.length * 2, at + needed.length));
        larger.set(bytes.subarray(0, at));
        bytes = larger;
      }
      bytes.set(needed, at);
      lengths[i] = needed.length;
    } else lengths[i] = encoder.encodeInto(line, bytes.subarray(at)).written;
    at += lengths[i] ?? 0;
  });
  return { bytes: bytes.subarray(0, at), lengths };
};
