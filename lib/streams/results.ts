import * as TE from 'fp-ts/lib/TaskEither.js';
import { pipe } from 'fp-ts/lib/function.js';
import { failureAction, type FailureClass, failureOfCode, failureReason } from '../core/failure.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';
import type { ItemResult } from '../core/results.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { PortError } from '../ports/port-error.ts';
import type { LineContent, ProviderWire } from '../ports/provider.ts';
import type { ObjectSpan, ResultRef } from '../ports/run-store.ts';

/** What the payload plane holds of one terminal row. */
export interface ResultParts {
  readonly ref: ResultRef;
  /** The item line, its newline included. */
  readonly itemLine: string;
  /** What the answer line says; null when no line speaks of the row. */
  readonly content: LineContent | null;
}

/** Follows the pointers: reads each row's item line and answer line, many spans of one object at once. O(page). */
export const readParts = (
  artifacts: ArtifactStore,
  wire: Pick<ProviderWire, 'readContent'>,
  refs: readonly ResultRef[],
): TE.TaskEither<PortError, readonly ResultParts[]> => {
  const itemSpans = refs.map((ref) => ref.item);
  const lineSpans = refs.map((ref) => ref.line);
  return pipe(
    TE.Do,
    TE.bind('items', () => readLines(artifacts, itemSpans)),
    TE.bind('lines', () => readLines(artifacts, lineSpans)),
    TE.map(({ items, lines }) =>
      refs.map((ref, i) => {
        const line = lines[i] ?? null;
        return { ref, itemLine: items[i] ?? '{}', content: line === null ? null : wire.readContent(line) };
      }),
    ),
  );
};

export const readResults = (
  artifacts: ArtifactStore,
  wire: Pick<ProviderWire, 'readContent'>,
  refs: readonly ResultRef[],
): TE.TaskEither<PortError, readonly ItemResult[]> =>
  pipe(
    readParts(artifacts, wire, refs),
    TE.map((parts) => parts.map(toResult)),
  );

const decoder = new TextDecoder();

const readLines =
  (artifacts: ArtifactStore, spans: readonly (ObjectSpan | null)[]): TE.TaskEither<PortError, readonly (string | null)[]> =>
  async () => {
    const texts: (string | null)[] = spans.map(() => null);
    const byObject = new Map<string, number[]>();
    spans.forEach((span, i) => {
      if (span === null) return;
      const places = byObject.get(span.object);
      if (places === undefined) byObject.set(span.object, [i]);
      else places.push(i);
    });
    for (const [object, places] of byObject) {
      const read = await artifacts.readSpans(
        object,
        places.map((place) => spans[place] as ObjectSpan),
      )();
      if (read._tag === 'Left') return read;
      read.right.forEach((bytes, i) => (texts[places[i] as number] = decoder.decode(bytes)));
    }
    return { _tag: 'Right', right: texts };
  };

/** The row as its reader knows it. */
export const toResult = ({ ref, itemLine, content }: ResultParts): ItemResult => {
  const item = parseObject(itemLine);
  const base = {
    itemId: ref.itemId,
    index: ref.index,
    sequence: ref.sequence,
    attemptCount: ref.charged,
    unchargedAttemptCount: ref.uncharged,
    metadata: isJsonObject(item['metadata']) ? item['metadata'] : {},
    usage: content?.usage ?? null,
    outputText: content?.outputText ?? null,
  };
  if (ref.status === 'completed') return { ...base, status: 'completed', output: content?.output ?? null };
  const failureClass = failureOfCode(ref.code);
  const described = describeFailure(failureClass, item['error'], content?.error ?? null);
  return { ...base, status: 'failed_permanent', error: { errorClass: failureClass, ...described } };
};

const describeFailure = (
  failureClass: FailureClass,
  badRow: JsonValue | undefined,
  error: { readonly message: string; readonly raw: JsonValue } | null,
): { readonly message: string; readonly retryable: boolean; readonly rawError: JsonValue } => {
  const retryable = failureAction(failureClass) !== 'fail';
  if (isJsonObject(badRow)) {
    const { file, line, reason } = badRow;
    return { message: `${String(file)}${typeof line === 'number' ? `:${line}` : ''}: ${String(reason)}`, retryable, rawError: badRow };
  }
  return { message: error?.message ?? failureReason(failureClass), retryable, rawError: error?.raw ?? null };
};

const parseObject = (text: string): JsonObject => {
  const parsed: unknown = JSON.parse(text);
  return isJsonObject(parsed) ? parsed : {};
};
