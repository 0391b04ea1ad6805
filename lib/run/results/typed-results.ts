import {
  failureOfCode,
  isFailureOfStructure,
  failureClasses,
  isFailureClass,
} from '../../core/values/failure.ts';
import type { ItemResult, ResultSelection } from '../../core/settle/results.ts';
import type { LineContent } from '../../ports/provider.ts';
import { readTexts, type TextReading, textsIn } from '../../schema/read-texts.ts';
import { type ResultParts, type RowFacts, toResult } from '../../effects/results/results.ts';
import type { ReadableStructure } from '../job/structures.ts';
import type { ResultRef } from '../../ports/run-store.ts';
import { BatchorError } from '../api/errors.ts';

/** Loads the run's structure, only if something must be read with it. */
export type StructureOf = () => Promise<ReadableStructure | null>;

/** The results with outputs decoded by the schema. */
export const typedResults = async (
  parts: readonly ResultParts[],
  structureOf: StructureOf,
  facts: RowFacts,
): Promise<readonly ItemResult[]> => {
  const structure = parts.length === 0 ? null : await structureOf();
  const results = (await explained(parts, structureOf)).map((part) => toResult(part, facts));
  if (structure === null) return results;
  const completed = results.filter((result) => result.status === 'completed');
  const readings = (
    await structure.readAll(completed.map(({ outputText }) => outputText))
  ).values();
  return results.map((result) => {
    const done = result.status === 'completed' ? readings.next().value : undefined;
    if (result.status !== 'completed' || done === undefined) return result;
    return done.type === 'fits'
      ? { ...result, output: done.output }
      : unreadable(result, done.message);
  });
};

/**
 * A row that settled as completed under an earlier schema, but does not fit the current one. Shown
 * as a `schema_mismatch` failure, since its output type promises the current schema.
 */
const unreadable = (
  { output, ...result }: Extract<ItemResult, { readonly status: 'completed' }>,
  message: string,
): ItemResult => ({
  ...result,
  status: 'failed_permanent',
  error: {
    errorClass: 'schema_mismatch',
    errorCode: null,
    message: `settled as completed, but does not fit the schema given now: ${message}`,
    retryable: false,
    rawError: (output ?? null) as Extract<
      ItemResult,
      { readonly status: 'failed_permanent' }
    >['error']['rawError'],
  },
});

/**
 * Adds the schema's errors where the provider's line has none. An answer with several texts gets
 * the one that satisfies the schema. Other rows are returned unread.
 */
export const explained = async (
  parts: readonly ResultParts[],
  structureOf: StructureOf,
): Promise<readonly ResultParts[]> => {
  if (!parts.some(isUnexplained)) return parts;
  const structure = await structureOf();
  if (structure === null) return parts;
  const explainedParts: ResultParts[] = [];
  for (const part of parts) {
    const { content } = part;
    if (content === null || !isUnexplained(part)) {
      explainedParts.push(part);
      continue;
    }
    if (isCallInstead(part)) {
      explainedParts.push({
        ...part,
        content: {
          ...content,
          error: {
            message: 'the answer is a tool call, without a text that satisfies the schema',
            raw: null,
          },
        },
      });
      continue;
    }
    const [found] = await readTexts(structure.readAll, [textsIn(content)]);
    explainedParts.push(
      found === undefined
        ? part
        : { ...part, content: withReading(part.ref.status, content, found) },
    );
  }
  return explainedParts;
};

/**
 * A schema failure is a success to the provider, so its line has no error. An answer that an
 * earlier release accepted may fail now.
 */
const isUnexplained = ({ ref, content }: ResultParts): boolean => {
  if (content === null) return false;
  if (ref.status === 'completed') return content.texts !== undefined || content.error !== null;
  return content.error === null && isFailureOfStructure(failureOfCode(ref.code));
};

const isCallInstead = ({ ref }: ResultParts): boolean =>
  ref.status === 'failed_permanent' && failureOfCode(ref.code) === 'tool_call';

const withReading = (
  status: ResultParts['ref']['status'],
  content: LineContent,
  { reading, text }: TextReading,
): LineContent => {
  if (status === 'completed')
    return reading.type === 'fits'
      ? { ...content, outputText: text, output: reading.json, error: null }
      : content;
  return reading.type === 'fits'
    ? content
    : { ...content, error: { message: reading.message, raw: null } };
};

/** True for selected results. Uses the pointer alone, so lines of other results are not read. */
type IsSelected = (ref: Pick<ResultRef, 'status' | 'code'>) => boolean;

/** Throws `invalid_config` for an invalid selection. */
export const selectionOf = (only: ResultSelection | undefined): IsSelected => {
  if (only === undefined || only === 'all') return () => true;
  if (only === 'completed') return ({ status }) => status === 'completed';
  if (only === 'failed') return ({ status }) => status !== 'completed';
  const odd = Array.isArray(only) ? only.find((name: string) => !isFailureClass(name)) : only;
  if (odd !== undefined)
    throw new BatchorError(
      'invalid_config',
      { field: 'only' },
      `only must be 'all', 'completed', 'failed' or failure classes (got ${JSON.stringify(odd)})`,
      `The failure classes are ${failureClasses.join(', ')}.`,
    );
  const classes = new Set<string>(only);
  return ({ status, code }) => status !== 'completed' && classes.has(failureOfCode(code));
};
