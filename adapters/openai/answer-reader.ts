import type { FailureClass } from '../../lib/core/failure.ts';
import type { JsonObject, JsonValue } from '../../lib/core/json.ts';

/** Why a 200 is none. */
export interface BodyFault {
  readonly failureClass: FailureClass;
  readonly message: string;
}

/** Reads the 200 bodies of one endpoint. */
export interface AnswerReader {
  /** Null when the body is an answer. Cheap: called for every line of a batch. */
  readonly faultOf: (body: JsonObject) => BodyFault | null;
  /** The words, also those of an answer that was cut; null where there are none. */
  readonly textOf: (body: JsonObject) => string | null;
  /** Where `textOf` reads all its words in a whole line, when the output is the words alone; null: nothing is learned of such lines. */
  readonly wordsPath: RegExp | null;
  /** What the endpoint promises, given the words. */
  readonly outputOf: (body: JsonObject, text: string | null) => JsonValue;
}

export const fault = (failureClass: FailureClass, message: string): BodyFault => ({ failureClass, message });

export const listOf = (value: JsonValue | undefined): readonly JsonValue[] | null =>
  Array.isArray(value) ? (value as readonly JsonValue[]) : null;
