import { failureOfCode, isFailureOfStructure } from '../../core/values/failure.ts';
import type { ItemResult } from '../../core/settle/results.ts';
import type { LineContent } from '../../ports/provider.ts';
import { readTexts, type TextReading, textsIn } from '../../schema/read-texts.ts';
import { type ResultParts, type RowFacts, toResult } from '../../effects/results/results.ts';
import type { ReadableStructure } from '../job/structures.ts';

/** How the run's structure is had, where something is to be read by it. */
export type StructureOf = () => Promise<ReadableStructure | null>;

/** The results with their outputs as the schema gives them: decoded, transformed. */
export const typedResults = async (
  parts: readonly ResultParts[],
  structureOf: StructureOf,
  facts: RowFacts,
): Promise<readonly ItemResult[]> => {
  const structure = parts.length === 0 ? null : await structureOf();
  const results = (await explained(parts, structureOf)).map((part) => toResult(part, facts));
  if (structure === null) return results;
  const completed = results.filter((result) => result.status === 'completed');
  const readings = (await structure.readAll(completed.map(({ outputText }) => outputText))).values();
  return results.map((result) => {
    const done = result.status === 'completed' ? readings.next().value : undefined;
    if (result.status !== 'completed' || done === undefined) return result;
    return done.type === 'fits' ? { ...result, output: done.output } : unreadable(result, done.message);
  });
};

/**
 * A row that was settled as completed, by a schema that took it. Its type promises what the schema of now gives, and that refuses it: shown
 * as what cannot be used, in words that say so.
 */
const unreadable = ({ output, ...result }: Extract<ItemResult, { readonly status: 'completed' }>, message: string): ItemResult => ({
  ...result,
  status: 'failed_permanent',
  error: {
    errorClass: 'schema_mismatch',
    errorCode: null,
    message: `settled as completed, but by the schema that it is read with now: ${message}`,
    retryable: false,
    rawError: (output ?? null) as Extract<ItemResult, { readonly status: 'failed_permanent' }>['error']['rawError'],
  },
});

/**
 * What the schema says of the rows, where the provider's line does not: failures of structure say where the answer is wrong, and of an answer of several
 * texts the one that satisfies the schema is the row's. Every other row stays as it is, unread.
 */
export const explained = async (parts: readonly ResultParts[], structureOf: StructureOf): Promise<readonly ResultParts[]> => {
  if (!parts.some(isUnexplained)) return parts;
  const structure = await structureOf();
  if (structure === null) return parts;
  const told: ResultParts[] = [];
  for (const part of parts) {
    const { content } = part;
    if (content === null || !isUnexplained(part)) {
      told.push(part);
      continue;
    }
    if (isCallInstead(part)) {
      told.push({
        ...part,
        content: { ...content, error: { message: 'the answer is a call of a tool, and no text that satisfies the schema', raw: null } },
      });
      continue;
    }
    const [found] = await readTexts(structure.readAll, [textsIn(content)]);
    told.push(found === undefined ? part : { ...part, content: withReading(part.ref.status, content, found) });
  }
  return told;
};

/** A failure of structure is a success to the provider, which says nothing of it; what an earlier release took for an answer may be none today. */
const isUnexplained = ({ ref, content }: ResultParts): boolean => {
  if (content === null) return false;
  if (ref.status === 'completed') return content.texts !== undefined || content.error !== null;
  return content.error === null && isFailureOfStructure(failureOfCode(ref.code));
};

const isCallInstead = ({ ref }: ResultParts): boolean => ref.status === 'failed_permanent' && failureOfCode(ref.code) === 'tool_call';

const withReading = (status: ResultParts['ref']['status'], content: LineContent, { reading, text }: TextReading): LineContent => {
  if (status === 'completed')
    return reading.type === 'fits' ? { ...content, outputText: text, output: reading.json, error: null } : content;
  return reading.type === 'fits' ? content : { ...content, error: { message: reading.message, raw: null } };
};
