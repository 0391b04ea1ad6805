import { failureOfCode, isFailureOfStructure } from '../core/failure.ts';
import type { ItemResult } from '../core/results.ts';
import type { ResultParts } from '../streams/results.ts';
import { toResult } from '../streams/results.ts';
import type { ReadableStructure } from './structures.ts';

/** How the run's structure is had, where something is to be read by it. */
export type StructureOf = () => Promise<ReadableStructure | null>;

/** The results with their outputs as the schema gives them: decoded, transformed. */
export const typedResults = async (parts: readonly ResultParts[], structureOf: StructureOf): Promise<readonly ItemResult[]> => {
  const structure = parts.length === 0 ? null : await structureOf();
  const results = (await explained(parts, structureOf)).map(toResult);
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
    message: `settled as completed, but by the schema that it is read with now: ${message}`,
    retryable: false,
    rawError: (output ?? null) as Extract<ItemResult, { readonly status: 'failed_permanent' }>['error']['rawError'],
  },
});

/** Failures of structure say where the answer is wrong: the provider, to whom it is a success, says nothing. */
export const explained = async (parts: readonly ResultParts[], structureOf: StructureOf): Promise<readonly ResultParts[]> => {
  const isSilent = ({ ref, content }: ResultParts): boolean =>
    ref.status === 'failed_permanent' && content?.error === null && isFailureOfStructure(failureOfCode(ref.code));
  if (!parts.some(isSilent)) return parts;
  const structure = await structureOf();
  if (structure === null) return parts;
  const told: ResultParts[] = [];
  for (const part of parts) {
    const { content } = part;
    if (content === null || !isSilent(part)) {
      told.push(part);
      continue;
    }
    const reading = await structure.read(content.outputText);
    told.push(reading.type === 'fits' ? part : { ...part, content: { ...content, error: { message: reading.message, raw: null } } });
  }
  return told;
};
