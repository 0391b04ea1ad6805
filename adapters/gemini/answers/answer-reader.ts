import type { FailureClass } from '../../../lib/core/values/failure.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import type { TokenUsage } from '../../../lib/core/values/usage.ts';

/** Why a response is no answer. */
export interface BodyFault {
  readonly failureClass: FailureClass;
  readonly message: string;
  /** Of a truncated answer: what it names as its end is no output limit. */
  readonly stopsBeforeLimit?: true;
}

/** What a response holds, as far as it got: also of one that was cut. */
export interface BodyContent {
  readonly outputText: string | null;
  /**
   * Texts that may each be the structured answer, the likeliest first; absent: `outputText` alone.
   */
  readonly texts?: readonly string[];
  readonly output: JsonValue;
  readonly finishReason: string | null;
  readonly toolCalls: readonly JsonObject[] | null;
}

/** Reads the responses of one endpoint. */
export interface AnswerReader {
  /** Null when the response is a whole answer with something in it. */
  readonly faultOf: (response: JsonObject) => BodyFault | null;
  readonly contentOf: (response: JsonObject) => BodyContent;
  /** Null: not reported, which is not the same as none. */
  readonly usageOf: (response: JsonObject) => TokenUsage | null;
}

export const fault = (failureClass: FailureClass, message: string): BodyFault => ({
  failureClass,
  message,
});
/**
 * An answer that is cut, or may be, and for which a higher output limit is no remedy that is known.
 */
export const stoppedFault = (message: string): BodyFault => ({
  failureClass: 'truncated',
  message,
  stopsBeforeLimit: true,
});
export const emptyFault = fault('empty_output', 'the answer has no text, no call and no media');
export const tooDeepFault = fault(
  'malformed_result',
  'the answer is nested too deeply to be given on',
);
export const noContent: BodyContent = {
  outputText: null,
  output: null,
  finishReason: null,
  toolCalls: null,
};

export const objectsIn = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];

/** Blanks, control characters, and what is drawn as nothing (U+200B, U+FEFF) are none. */
const ink = /[^\s\p{Cc}\p{DI}]/u;
/** True for a text that a reader would see. */
export const isText = (value: JsonValue | undefined): value is string =>
  typeof value === 'string' && ink.test(value);

/** A count as the API writes it: a number, or a 64-bit one as a text; null for what is none. */
export const countOf = (value: JsonValue | undefined): number | null => {
  const count =
    typeof value === 'string' && /^\d{1,15}$/u.test(value) ? Number(value) : (value ?? null);
  // JSON has a zero below zero.
  return Number.isSafeInteger(count) && (count as number) >= 0
    ? Math.max(0, count as number)
    : null;
};
