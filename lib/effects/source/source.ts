import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { timer } from 'rxjs';
import type { AcceptedSlice } from '../../core/model/command.ts';
import type { Effect } from '../../core/model/effect.ts';
import type { JsonValue } from '../../core/json/json.ts';
import type { SourceCheckpoint } from '../../core/model/snapshot.ts';
import { acceptableRows, duplicateIds } from '../../core/source/source.ts';
import { estimateTokens } from '../../core/values/usage.ts';
import type { ArtifactStore } from '../../ports/artifacts.ts';
import type { PortError } from '../../ports/port-error.ts';
import { EngineFailure } from '../faults.ts';
import { createLineBuffer, type LineBuffer } from './line-buffer.ts';
import type { Asked, EnginePorts, Perform } from '../ports.ts';
import {
  type BadRow,
  createRowRenderer,
  originOf,
  type RenderedRow,
  type RowOrigin,
  type RowRenderer,
} from './render.ts';
import { createSameRequests, type SameRequests } from './same-requests.ts';
import { createSourceReader, type SourceReader } from './source-reader.ts';
import { knownIds } from '../../rows/read-slices.ts';

type IngestEffect = Extract<Effect, { readonly type: 'IngestSlice' }>;

/** A slice ends at about this many bytes of request lines. */
export const sliceBytesMax = 2 * 1024 * 1024;
/**
 * A slice of a slow source, or of slow prompts, is cut at this age, so that rows do not wait in
 * memory for company.
 */
export const sliceAgeMsMax = 1_000;

/**
 * Pulls one slice per demand: reads, renders, writes the payload, and only then offers the rows.
 * The source stays open from slice to slice, until `over` aborts.
 */
export const performIngest = (ports: EnginePorts, over: AbortSignal): Perform<IngestEffect> => {
  const { source } = ports;
  if (source === null)
    return () =>
      TE.left({
        type: 'refused',
        message: 'the source of this run is not attached',
        statusCode: null,
        requestId: null,
      });
  const reader = createSourceReader(source.items);
  over.addEventListener('abort', () => reader.end(), { once: true });
  let slicesWritten = 0;
  const renderer = createRowRenderer(ports, source);
  const sameRequests = createSameRequests(ports);
  const readSlice = async (
    effect: IngestEffect,
    signal: AbortSignal,
  ): Promise<E.Either<PortError, Asked>> => {
    try {
      reader.seek(effect.checkpoint, signal);
      const same = ports.run.snapshot.config.operation.sendsDuplicatesOnce ? sameRequests : null;
      if (same === null) sameRequests.forget();
      const slice = await draftSlice(ports, reader, renderer, effect, same, signal);
      const fault =
        (await rejectTaken(ports, renderer, slice)) ??
        (await same?.learn(effect.fromIndex, signal)) ??
        null;
      if (fault !== null) return E.left(fault);
      signal.throwIfAborted();
      slicesWritten += 1;
      const name = (plane: string): string =>
        `${plane}/${String(effect.fromIndex).padStart(12, '0')}-e${ports.run.epoch}-${slicesWritten}.jsonl`;
      return await offer(ports, effect, slice, same, name);
    } catch (thrown) {
      reader.drop();
      return unread(thrown, signal.aborted, ports.scheduler.now());
    }
  };
  // One slice at a time: two at once would take rows of one source from each other. A slice that is
  // aborted does not delay the next.
  let before: { readonly slice: Promise<unknown>; readonly signal: AbortSignal } | null = null;
  return (effect, signal) => () => {
    const turn = before === null || before.signal.aborted ? Promise.resolve() : before.slice;
    const slice = turn.then(() => readSlice(effect, signal));
    before = { slice, signal };
    return slice;
  };
};

/** What is said of a slice that could not be read. */
const unread = (thrown: unknown, isAborted: boolean, atMs: number): E.Either<PortError, Asked> => {
  if (thrown instanceof EngineFailure) return E.left(thrown.error);
  if (isAborted)
    return E.left({
      type: 'transient',
      message: 'ingestion was stopped',
      retryAfterMs: null,
      cause: thrown,
    });
  return E.right(
    TE.right({
      type: 'RecordFault',
      atMs,
      key: 'ingest',
      fault: 'source_unreadable',
      message: thrown instanceof Error ? thrown.message : String(thrown),
      retryAfterMs: null,
    }),
  );
};

/**
 * Rows on their way into the run, in columns. What was read and rendered of a row is bytes already,
 * and forgotten.
 */
interface SliceDraft {
  readonly firstEntryIndex: number;
  /** Before the first row, then behind each one. */
  readonly positions: JsonValue[];
  readonly itemIds: string[];
  readonly origins: RowOrigin[];
  readonly tokens: (number | null)[];
  readonly inputs: number[];
  readonly bad: Map<number, BadRow>;
  /** What each row asks, where duplicates are sent once. */
  readonly digests: (Uint8Array | null)[];
  readonly requests: LineBuffer;
  readonly items: LineBuffer;
  isLast: boolean;
  /** False once a row's tokens are estimated. */
  areTokensExact: boolean;
}

const emptyDraft = (reader: SourceReader, areTokensExact: boolean): SliceDraft => ({
  firstEntryIndex: reader.nextIndex,
  positions: [reader.position],
  itemIds: [],
  origins: [],
  tokens: [],
  inputs: [],
  bad: new Map(),
  digests: [],
  requests: createLineBuffer(sliceBytesMax + 64 * 1024),
  items: createLineBuffer(256 * 1024),
  isLast: false,
  areTokensExact,
});

const addRow = (slice: SliceDraft, row: RenderedRow): void => {
  if (row.bad !== null) slice.bad.set(slice.itemIds.length, row.bad);
  slice.requests.push(row.line);
  slice.items.push(row.itemLine);
  slice.itemIds.push(row.itemId);
  slice.tokens.push(row.tokens);
  if (row.tokens !== null && row.areTokensExact !== true) slice.areTokensExact = false;
  slice.inputs.push(row.inputs);
};

/** Reads and renders until the slice is full, or old, or the source is over. */
const draftSlice = async (
  ports: EnginePorts,
  reader: SourceReader,
  renderer: RowRenderer,
  { fromIndex, rowsMax }: IngestEffect,
  same: SameRequests | null,
  signal: AbortSignal,
): Promise<SliceDraft> => {
  const slice = emptyDraft(reader, ports.tokens !== null);
  let isOld = false;
  let wake: (() => void) | undefined;
  const late = new Promise<'late'>((resolve) => (wake = () => resolve('late')));
  const age = timer(sliceAgeMsMax, ports.scheduler).subscribe(() => {
    isOld = true;
    wake?.();
  });
  const isFull = (): boolean =>
    slice.itemIds.length >= rowsMax ||
    slice.requests.byteCount >= sliceBytesMax ||
    (isOld && slice.itemIds.length > 0);
  try {
    while (!isFull()) {
      signal.throwIfAborted();
      const entryIndex = reader.nextIndex;
      const entry = reader.take();
      if (entry === null) {
        const pulled = await reader
          .more(slice.itemIds.length === 0 ? null : late)
          .catch((thrown: unknown) => {
            // Rows before an error are accepted; the next slice gets the error.
            if (slice.itemIds.length === 0 || signal.aborted) throw thrown;
            return 'failed' as const;
          });
        slice.isLast = pulled === 'over';
        if (pulled === 'more') continue;
        break;
      }
      const rowInSlice = slice.itemIds.length;
      const rendered = renderer.render(entry, fromIndex + rowInSlice, entryIndex);
      // Awaiting only where a prompt is a promise: a microtask per row is a cost of its own.
      const row = rendered instanceof Promise ? await rendered : rendered;
      addRow(slice, row);
      slice.origins.push(originOf(entry, entryIndex));
      slice.positions.push(entry.position);
      if (same !== null)
        slice.digests.push(
          row.bad === null ? same.digestOf(row.line, fromIndex + rowInSlice) : null,
        );
    }
  } finally {
    age.unsubscribe();
  }
  return slice;
};

/**
 * Makes bad rows of those whose id is taken, in the slice or in the run: the first row of an id
 * keeps it.
 */
const rejectTaken = async (
  { run }: EnginePorts,
  renderer: RowRenderer,
  slice: SliceDraft,
): Promise<PortError | null> => {
  if (slice.itemIds.length === 0) return null;
  const itemLines = new Map<number, string>();
  // The id that a bad row is given may be a row's own, too: then it is given the next one.
  for (;;) {
    const known = await knownIds(run, slice.itemIds)();
    if (known._tag === 'Left') return known.left;
    const taken = duplicateIds(slice.itemIds, known.right);
    if (taken.length === 0) break;
    for (const rowInSlice of taken) {
      const row = renderer.renderTaken(
        slice.origins[rowInSlice] as RowOrigin,
        slice.itemIds[rowInSlice] as string,
        slice.bad.get(rowInSlice) ?? null,
      );
      itemLines.set(rowInSlice, row.itemLine);
      slice.itemIds[rowInSlice] = row.itemId;
      slice.tokens[rowInSlice] = null;
      slice.inputs[rowInSlice] = 0;
      if (slice.digests.length > 0) slice.digests[rowInSlice] = null;
      if (row.bad !== null) slice.bad.set(rowInSlice, row.bad);
    }
  }
  if (itemLines.size === 0) return null;
  slice.items.replace(itemLines);
  slice.requests.replace(new Map([...itemLines.keys()].map((rowInSlice) => [rowInSlice, ''])));
  return null;
};

/** Removes the lines of rows whose request an earlier row makes; null: there are none. */
const shareRequests = (
  draft: SliceDraft,
  sameAs: Uint32Array | null,
  areCounted: boolean,
): { readonly sameAs: Uint32Array; readonly tokens: number } | null => {
  if (sameAs === null) return null;
  const { lengths } = draft.requests.take(sameAs.length);
  let tokens = 0;
  const gone = new Map<number, string>();
  sameAs.forEach((row, rowInSlice) => {
    if (row === 0) return;
    tokens += areCounted
      ? (draft.tokens[rowInSlice] ?? 0)
      : estimateTokens(lengths[rowInSlice] as number);
    draft.tokens[rowInSlice] = null;
    draft.inputs[rowInSlice] = 0;
    gone.set(rowInSlice, '');
  });
  draft.requests.replace(gone);
  return { sameAs, tokens };
};

/**
 * Writes the slice's payload and answers the command that accepts it; under the stopping policy
 * only up to the first bad row.
 */
const offer = async (
  { run, scheduler, tokens: counter }: EnginePorts,
  effect: IngestEffect,
  draft: SliceDraft,
  same: SameRequests | null,
  name: (plane: string) => string,
): Promise<E.Either<PortError, Asked>> => {
  const { operation } = run.snapshot.config;
  const count = acceptableRows(operation, draft.itemIds.length, draft.bad.keys());
  const first = draft.bad.get(0);
  if (count === 0 && first !== undefined)
    return E.right(TE.right({ type: 'RejectRow', atMs: scheduler.now(), message: first.message }));
  const accept = (
    slice: AcceptedSlice | null,
    checkpoint: SourceCheckpoint,
  ): E.Either<PortError, Asked> => {
    const isLast = draft.isLast && count === draft.itemIds.length;
    const atMs = scheduler.now();
    return E.right(TE.right({ type: 'AcceptSlice', atMs, slice, checkpoint, isLast }));
  };
  if (count === 0) return accept(null, effect.checkpoint ?? startOfSource);
  const shared =
    same === null
      ? null
      : shareRequests(
          draft,
          same.share(effect.fromIndex, draft.digests.slice(0, count)),
          counter !== null,
        );
  const payload = payloadOf(draft, count, name);
  const fault = await putPayload(run.artifacts, payload);
  if (fault !== null) return E.left(fault);
  const slice: AcceptedSlice = {
    ...acceptedRows(draft, count, payload, counter !== null),
    fromIndex: effect.fromIndex,
    sameAs: shared?.sameAs ?? null,
    sharedTokens: shared?.tokens ?? 0,
  };
  return accept(slice, {
    nextIndex: draft.firstEntryIndex + count,
    position: draft.positions[count] ?? null,
    beforeLastPosition: draft.positions[count - 1] ?? null,
  });
};

const startOfSource: SourceCheckpoint = { nextIndex: 0, position: null, beforeLastPosition: null };

/** The bytes of a slice, and the objects that they become; null: no row has a request line. */
interface SlicePayload {
  readonly requests: ReturnType<LineBuffer['take']>;
  readonly items: ReturnType<LineBuffer['take']>;
  readonly requestObject: string | null;
  readonly itemObject: string;
}

const payloadOf = (
  draft: SliceDraft,
  count: number,
  name: (plane: string) => string,
): SlicePayload => {
  const requests = draft.requests.take(count);
  return {
    requests,
    items: draft.items.take(count),
    requestObject: requests.bytes.length === 0 ? null : name('requests'),
    itemObject: name('items'),
  };
};

const putPayload = async (
  artifacts: ArtifactStore,
  { requests, items, requestObject, itemObject }: SlicePayload,
): Promise<PortError | null> => {
  const put = async (object: string, bytes: Uint8Array): Promise<PortError | null> => {
    const done = await artifacts.put(object, [bytes])();
    return done._tag === 'Left' ? done.left : null;
  };
  const faults = await Promise.all([
    requestObject === null ? null : put(requestObject, requests.bytes),
    put(itemObject, items.bytes),
  ]);
  return faults.find((candidate) => candidate !== null) ?? null;
};

/** The first rows of the draft, as the columns that are committed. */
const acceptedRows = (
  draft: SliceDraft,
  count: number,
  { requests, items, requestObject, itemObject }: SlicePayload,
  areCounted: boolean,
): Omit<AcceptedSlice, 'fromIndex' | 'sameAs' | 'sharedTokens'> => {
  const inputs = draft.inputs.slice(0, count);
  return {
    itemIds: draft.itemIds.slice(0, count),
    requestObject,
    itemObject,
    requestLengths: requests.lengths,
    itemLengths: items.lengths,
    tokens: areCounted
      ? Uint32Array.from(draft.tokens.slice(0, count), (each) => each ?? 0)
      : Uint32Array.from(requests.lengths, (bytes) => estimateTokens(bytes)),
    areTokensExact: draft.areTokensExact,
    inputs: inputs.some((each) => each > 1) ? Uint32Array.from(inputs) : null,
    badOffsets: Uint32Array.from(
      [...draft.bad.keys()].filter((rowInSlice) => rowInSlice < count).sort((a, b) => a - b),
    ),
  };
};
