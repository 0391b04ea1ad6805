import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import type { Answer, ReadEnvelope } from '../../openai/answers/answer-line.ts';

/**
 * A result as xAI's list of results has it: `{ batch_request_id, batch_result: { response: {
 * chat_get_completion } } }`, or `{ error }`, a text, in place of the response (its SDK, 2026-10;
 * its guide reads `error_message` beside the result).
 */
export const readResultLine: ReadEnvelope = (line): Answer | null => {
  const { batch_request_id: customId, batch_result: result, error_message: beside } = line;
  if (typeof customId !== 'string') return null;
  const { response, error = beside } = isJsonObject(result) ? result : {};
  const completion = isJsonObject(response) ? response['chat_get_completion'] : undefined;
  if (isJsonObject(completion))
    return {
      customId,
      statusCode: 200,
      body: { ...completion, usage: usageIn(completion['usage']) },
      error: null,
      wholeBody: completion,
    };
  return { customId, statusCode: null, body: null, error: error ?? beside, wholeBody: response };
};

/** `completion_tokens` has no thoughts in it, and they are billed as output (recorded costs). */
const usageIn = (usage: JsonValue | undefined): JsonValue => {
  if (!isJsonObject(usage)) return usage ?? null;
  const { completion_tokens: written, completion_tokens_details: details } = usage;
  const thoughts = isJsonObject(details) ? details['reasoning_tokens'] : undefined;
  return typeof written === 'number' && typeof thoughts === 'number' && isApart(usage, written)
    ? { ...usage, completion_tokens: written + thoughts }
    : usage;
};

/** True where prompt and completion alone do not add up to the total. */
const isApart = ({ prompt_tokens: prompt, total_tokens: total }: JsonObject, written: number) =>
  typeof prompt !== 'number' || typeof total !== 'number' || prompt + written < total;
