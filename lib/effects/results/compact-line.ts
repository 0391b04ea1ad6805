import { isFailureClass, type FailureClass } from '../../core/values/failure.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';
import type { TokenUsage } from '../../core/values/usage.ts';
import type { LineContent, ProviderWire } from '../../ports/provider.ts';
import { parseAnswer } from '../../schema/parse-answer.ts';

/**
 * A compact object is JSON lines: one for each line of the raw file that speaks of a row, in its
 * order; one with the index; and one of fixed length that says where the index is. It is written
 * once, by a run's own owner, and read by byte offset.
 */

/** What one line of a raw file said. */
export interface CompactLine {
  readonly customId: string;
  readonly verdict: 'succeeded' | FailureClass;
  readonly content: LineContent;
}

/** Null for a line that no result can point to. */
export const compactText = (
  wire: Pick<ProviderWire, 'readContent' | 'readVerdict'>,
  line: string,
): string | null => {
  const verdict = wire.readVerdict(line);
  if (verdict.type === 'malformed') return null;
  const {
    outputText,
    texts,
    output,
    finishReason = null,
    toolCalls = null,
    usage,
    error,
  } = wire.readContent(line);
  return `${JSON.stringify({
    custom_id: verdict.customId,
    verdict: verdict.type === 'failed' ? verdict.failureClass : verdict.type,
    text: outputText,
    ...(texts === undefined ? {} : { texts }),
    ...outputPart(outputText, output),
    ...(finishReason === null ? {} : { finish_reason: finishReason }),
    ...(toolCalls === null ? {} : { tool_calls: toolCalls }),
    usage,
    error,
  })}\n`;
};

/**
 * Nearly every output is its text, or that text parsed as JSON: writing both would double the
 * object.
 */
const outputPart = (text: string | null, output: JsonValue): JsonObject => {
  if (output === text) return {};
  const parsed = parseAnswer(text);
  const isParsed =
    parsed.type === 'json' && JSON.stringify(parsed.value) === JSON.stringify(output);
  return isParsed ? { is_json: true } : { output };
};

/** Null for what this version never wrote. */
export const parseCompact = (text: string): CompactLine | null => {
  const line = parsedObject(text);
  const {
    custom_id: customId,
    verdict,
    text: answerText,
    texts,
    finish_reason: reason,
    tool_calls: calls,
    usage,
    error,
  } = line ?? {};
  const isText = answerText === null || typeof answerText === 'string';
  if (line === null || typeof customId !== 'string' || typeof verdict !== 'string' || !isText)
    return null;
  if (verdict !== 'succeeded' && !isFailureClass(verdict)) return null;
  const content: LineContent = {
    outputText: answerText,
    ...(Array.isArray(texts) ? { texts: texts as readonly string[] } : {}),
    output: outputOf(line, answerText),
    ...(typeof reason === 'string' ? { finishReason: reason } : {}),
    ...(Array.isArray(calls) ? { toolCalls: calls as readonly JsonObject[] } : {}),
    usage: (usage ?? null) as unknown as TokenUsage | null,
    error: isJsonObject(error)
      ? { message: String(error['message']), raw: error['raw'] ?? null }
      : null,
  };
  return { customId, verdict, content };
};

const outputOf = (line: JsonObject, answerText: string | null): JsonValue => {
  if (line['is_json'] !== true)
    return Object.hasOwn(line, 'output') ? (line['output'] as JsonValue) : answerText;
  const parsed = parseAnswer(answerText);
  return parsed.type === 'json' ? parsed.value : null;
};

export const footerBytes = 96;
export interface CompactFooter {
  /** Bytes that the raw file had. */
  readonly rawBytes: number;
  /** Bytes of the index line, which ends where the footer begins. */
  readonly indexBytes: number;
}

export const footerText = ({ rawBytes, indexBytes }: CompactFooter): string =>
  `${JSON.stringify({ compact: 1, raw_bytes: rawBytes, index_bytes: indexBytes }).padEnd(footerBytes - 1)}\n`;

export const parseFooter = (text: string): CompactFooter | null => {
  const footer = parsedObject(text);
  const { compact, raw_bytes: rawBytes, index_bytes: indexBytes } = footer ?? {};
  return compact === 1 && typeof rawBytes === 'number' && typeof indexBytes === 'number'
    ? { rawBytes, indexBytes }
    : null;
};

/** Offset and length of each raw line, and the length of its compact one, one after the other. */
export const parseIndex = (text: string): readonly number[] | null => {
  const numbers = parsedObject(text)?.['index'];
  return Array.isArray(numbers) &&
    numbers.length % 3 === 0 &&
    numbers.every((value) => typeof value === 'number')
    ? (numbers as readonly number[])
    : null;
};

const parsedObject = (text: string): JsonObject | null => {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
};
