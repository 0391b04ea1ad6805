import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { pipe } from 'fp-ts/lib/function.js';
import {
  failureAction,
  type FailureClass,
  failureOfCode,
  failureReason,
} from '../../core/values/failure.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';
import type { FailedResult, ItemResult, ResultExtra } from '../../core/settle/results.ts';
import type { TokenPrices } from '../../core/model/config.ts';
import { errorCodeOf } from '../../core/values/error-code.ts';
import { costOfUsage } from '../../core/money/money.ts';
import { emptyUsage, type TokenUsage } from '../../core/values/usage.ts';
import type { ArtifactStore, Span } from '../../ports/artifacts.ts';
import type { PortError } from '../../ports/port-error.ts';
import type { LineContent, ProviderWire } from '../../ports/provider.ts';
import type { ObjectSpan, ResultRef } from '../../ports/run-store.ts';
import { readCompactLines } from './compact-reader.ts';

/** What the payload plane holds of one terminal row. */
export interface ResultParts {
  readonly ref: ResultRef;
  /** The item line, its newline included. */
  readonly itemLine: string;
  /** What the answer line says; null when no line speaks of the row. */
  readonly content: LineContent | null;
  /** True where the whole body was asked for. */
  readonly isWhole?: true;
}

/** What is known of a batch beside its rows. */
export interface BatchFacts {
  /** The provider's id; null: it has none yet. */
  readonly batchId: string | null;
  /** Seconds from its creation to its end; null: not known. */
  readonly latencyS: number | null;
}
export const noBatchFacts: BatchFacts = { batchId: null, latencyS: null };

/** What results say beside what their lines hold. */
export interface RowFacts {
  /** Null: no price is known. */
  readonly prices: TokenPrices | null;
  /** The batch that wrote an object of the payload plane. */
  readonly batchOf: (object: string) => BatchFacts;
}
/** For readers of lines alone: costs and batches are not known. */
export const noRowFacts: RowFacts = { prices: null, batchOf: () => noBatchFacts };

/** What the row cost, in US dollars, by its last attempt; null: usage or price is not known. */
export const costOf = (usage: TokenUsage | null, prices: TokenPrices | null): number | null => {
  if (usage === null || prices === null) return null;
  const usd = costOfUsage(usage, prices);
  // Without the noise of binary fractions, which is a million times smaller than a cent's; twice as
  // fast as by digits, and each row pays for it.
  return usd < 1_000 ? Math.round(usd * 1e12) / 1e12 : Number(usd.toPrecision(12));
};

/**
 * Follows the pointers: reads each row's item line and answer line, many spans of one object at
 * once. O(page). Of a raw file that is not kept, what its compact object says is the answer.
 */
export const readParts = (
  artifacts: ArtifactStore,
  wire: Pick<ProviderWire, 'readContent'>,
  refs: readonly ResultRef[],
  include?: ResultExtra,
): TE.TaskEither<PortError, readonly ResultParts[]> => {
  const itemSpans = refs.map((ref) => ref.item);
  const lineSpans = refs.map((ref) => ref.line);
  const textsOf = textsIn(artifacts);
  return pipe(
    TE.Do,
    TE.bind('items', () => readLines(itemSpans, textsOf)),
    TE.bind('contents', () => readLines(lineSpans, contentsIn(artifacts, wire, textsOf, include))),
    TE.map(({ items, contents }) =>
      refs.map((ref, i): ResultParts => {
        const parts = { ref, itemLine: items[i] ?? '{}', content: contents[i] ?? null };
        return include === undefined ? parts : { ...parts, isWhole: true };
      }),
    ),
  );
};

/**
 * Reads the results that the pointers name from stored files, in their order: at most one read for
 * adjacent lines. An error names the object that is missing or damaged.
 */
export const readResults = (
  artifacts: ArtifactStore,
  wire: Pick<ProviderWire, 'readContent'>,
  refs: readonly ResultRef[],
): TE.TaskEither<PortError, readonly ItemResult[]> =>
  pipe(
    readParts(artifacts, wire, refs),
    TE.map((parts) => parts.map((part) => toResult(part))),
  );

/**
 * The lines at these spans, all spans of one object at once; null where there is none. Error:
 * `not_found` where an object is gone.
 */
export const readTexts = (
  artifacts: ArtifactStore,
  spans: readonly (ObjectSpan | null)[],
): TE.TaskEither<PortError, readonly (string | null)[]> => readLines(spans, textsIn(artifacts));

/**
 * The content of the lines at these spans, from the raw file or, where that is not kept, from its
 * compact object.
 */
export const readContents = (
  artifacts: ArtifactStore,
  wire: Pick<ProviderWire, 'readContent'>,
  spans: readonly ObjectSpan[],
): TE.TaskEither<PortError, readonly (LineContent | null)[]> =>
  readLines(spans, contentsIn(artifacts, wire, textsIn(artifacts), undefined));

const decoder = new TextDecoder();

/** The content of some spans of one object, in the order asked for. */
type ReadObject<A> = (
  object: string,
  spans: readonly Span[],
) => TE.TaskEither<PortError, readonly A[]>;

const textsIn =
  (artifacts: ArtifactStore): ReadObject<string> =>
  (object, spans) =>
    pipe(
      artifacts.readSpans(object, spans),
      TE.map((found) => found.map((bytes) => decoder.decode(bytes))),
    );

const contentsIn =
  (
    artifacts: ArtifactStore,
    wire: Pick<ProviderWire, 'readContent'>,
    textsOf: ReadObject<string>,
    include: ResultExtra | undefined,
  ): ReadObject<LineContent> =>
  (object, spans) =>
    pipe(
      textsOf(object, spans),
      TE.map((texts) => texts.map((text) => wire.readContent(text, include))),
      TE.orElse((error) =>
        error.type === 'not_found'
          ? pipe(
              readCompactLines(artifacts, object, spans),
              TE.map((lines) => lines.map(({ content }) => content)),
            )
          : TE.left(error),
      ),
    );

const readLines =
  <A>(
    spans: readonly (ObjectSpan | null)[],
    read: ReadObject<A>,
  ): TE.TaskEither<PortError, readonly (A | null)[]> =>
  async () => {
    const all: (A | null)[] = spans.map(() => null);
    const byObject = new Map<string, number[]>();
    spans.forEach((span, i) => {
      if (span === null) return;
      const spanIndexes = byObject.get(span.object);
      if (spanIndexes === undefined) byObject.set(span.object, [i]);
      else spanIndexes.push(i);
    });
    for (const [object, spanIndexes] of byObject) {
      const found = await read(
        object,
        spanIndexes.map((spanIndex) => spans[spanIndex] as ObjectSpan),
      )();
      // The run is there; an object of it is not.
      if (found._tag === 'Left')
        return found.left.type === 'not_found'
          ? E.left({ ...found.left, type: 'corrupt', where: object })
          : found;
      found.right.forEach((value, i) => (all[spanIndexes[i] as number] = value));
    }
    return { _tag: 'Right', right: all };
  };

/** Of a row that shares a request, none: what was billed was billed for the row that was sent. */
export const usageOf = (ref: ResultRef, content: LineContent | null): TokenUsage | null =>
  ref.sameAs === null ? (content?.usage ?? null) : emptyUsage;

/** The row as its reader knows it. */
export const toResult = (
  { ref, itemLine, content, isWhole }: ResultParts,
  facts: RowFacts = noRowFacts,
): ItemResult => {
  const item = parseObject(itemLine);
  const usage = usageOf(ref, content);
  const base = {
    itemId: ref.itemId,
    itemIndex: ref.index,
    sequence: ref.sequence,
    attemptCount: ref.charged,
    unchargedAttemptCount: ref.uncharged,
    metadata: isJsonObject(item['metadata']) ? item['metadata'] : {},
    usage,
    costUsd: costOf(usage, facts.prices),
    ...(ref.line === null ? noBatchFacts : facts.batchOf(ref.line.object)),
    outputText: content?.outputText ?? null,
    finishReason: content?.finishReason ?? null,
    toolCalls: content?.toolCalls ?? null,
    ...(isWhole === undefined ? {} : { response: content?.response ?? null }),
    ...(ref.sameAs === null ? {} : { sharedWithIndex: ref.sameAs }),
  };
  if (ref.status === 'completed')
    return { ...base, status: 'completed', output: outputOf(content) };
  const failureClass = failureOfCode(ref.code);
  const described = describeFailure(
    failureClass,
    item['error'],
    namingItem(content?.error ?? null, ref),
  );
  return { ...base, status: 'failed_permanent', error: { errorClass: failureClass, ...described } };
};

/** A row that an earlier release completed by what is no answer today keeps its text. */
export const outputOf = (content: LineContent | null): JsonValue => {
  if (content === null) return null;
  return content.error === null ? content.output : content.outputText;
};

/**
 * The provider names a request by our `custom_id`: its reader knows the item's id. The raw error
 * keeps what was written.
 */
const namingItem = (
  error: LineContent['error'],
  { index, sameAs, itemId }: ResultRef,
): LineContent['error'] => {
  if (error === null) return null;
  const sent = String(sameAs ?? index);
  const message = error.message.replaceAll(customIdShape, (all, found: string) =>
    found === sent ? itemId : all,
  );
  return message === error.message ? error : { ...error, message };
};
const customIdShape =
  /(?<![\w-])(?:row|r[0-9a-z]{8})-(0|[1-9][0-9]{0,14})(?:_[0-9a-z]{7})?(?![\w-])/gu;

const describeFailure = (
  failureClass: FailureClass,
  badRow: JsonValue | undefined,
  error: { readonly message: string; readonly raw: JsonValue } | null,
): Omit<FailedResult['error'], 'errorClass'> => {
  const retryable = failureAction(failureClass) !== 'fail';
  if (isJsonObject(badRow)) {
    const { file, line, reason } = badRow;
    return {
      message: `${String(file)}${typeof line === 'number' ? `:${line}` : ''}: ${String(reason)}`,
      errorCode: null,
      retryable,
      rawError: badRow,
    };
  }
  const rawError = error?.raw ?? null;
  return {
    message: error?.message ?? failureReason(failureClass),
    errorCode: errorCodeOf(rawError),
    retryable,
    rawError,
  };
};

const parseObject = (text: string): JsonObject => {
  const parsed: unknown = JSON.parse(text);
  return isJsonObject(parsed) ? parsed : {};
};
