import type { JsonObject } from '../json/json.ts';

/** The answer to a create, as far as it says whose it is; null: it does not say. */
export interface CreateAnswer {
  /** What kind of thing it says that it is. */
  readonly kind: string | null;
  readonly inputFileId: string | null;
  readonly metadata: JsonObject | null;
}

/** What a create asked for. */
export interface CreateAsked {
  readonly inputFileId: string;
  /** Pairs of its metadata by which a batch says whose it is. */
  readonly marks: Readonly<Record<string, string>>;
}

/**
 * Why the answer to a create is not believed; null when nothing in it speaks against its being the
 * batch that was asked for. Gateways and caches were seen to answer with another batch. An answer
 * with neither metadata nor input file is accepted.
 */
export const contradictionIn = (
  { kind, inputFileId, metadata }: CreateAnswer,
  asked: CreateAsked,
): string | null => {
  if (kind !== null && !/batch/iu.test(kind)) return `it says that it is a "${kind}"`;
  if (inputFileId !== null && inputFileId !== asked.inputFileId)
    return `its input file is ${inputFileId}, not ${asked.inputFileId}`;
  if (metadata === null || Object.keys(metadata).length === 0) return null;
  const missing = Object.entries(asked.marks).find(
    ([key, value]) => String(metadata[key]) !== value,
  );
  return missing === undefined ? null : `its metadata does not carry ${missing[0]} ${missing[1]}`;
};
