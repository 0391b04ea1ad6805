import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json.ts';
import { isOutOfMoney } from './error-codes.ts';
import { fault, listOf, type AnswerReader, type BodyFault } from './answer-reader.ts';

/** `/v1/responses`: a 200 may hold a response that failed or stopped half-way (SDK's Response type, openai 6.49). */
export const responsesReader: AnswerReader = {
  faultOf: (body) => {
    const { status, error } = body;
    if (isJsonObject(error)) return failed(error);
    if (status === 'incomplete') return incomplete(body['incomplete_details']);
    if (status !== undefined && status !== 'completed')
      return fault('server_error', `the response ended as ${typeof status === 'string' ? `"${status}"` : 'nothing that has a name'}`);
    const output = listOf(body['output']);
    if (output === null) return fault('malformed_result', 'the response has no output');
    const refusal = output.reduce<string | null>((found, item) => found ?? refusalIn(item), null);
    return refusal === null ? null : fault('refusal', refusal);
  },
  textOf: (body) => {
    let text: string | null = null;
    for (const item of listOf(body['output']) ?? []) {
      for (const part of partsOf(item)) {
        // `output_text` on the response itself is the SDK's invention; on the wire it is the type of a part.
        if (isJsonObject(part) && part['type'] === 'output_text' && typeof part['text'] === 'string') text = (text ?? '') + part['text'];
      }
    }
    return text;
  },
  wordsPath: /^response\.body\.output\.\d+\.content\.\d+\.text$/,
  outputOf: (_body, text) => text,
};

/** Reasoning and tool calls stand beside messages; only these speak. */
const partsOf = (item: JsonValue): readonly JsonValue[] =>
  isJsonObject(item) && item['type'] === 'message' ? (listOf(item['content']) ?? []) : [];

const refusalIn = (item: JsonValue): string | null => {
  for (const part of partsOf(item)) {
    if (isJsonObject(part) && part['type'] === 'refusal')
      return typeof part['refusal'] === 'string' ? part['refusal'] : 'the model refused';
  }
  return null;
};

const incomplete = (details: JsonValue | undefined): BodyFault => {
  const reason = isJsonObject(details) ? details['reason'] : undefined;
  if (reason === 'content_filter') return fault('content_filtered', 'a content filter stopped the answer');
  return fault('truncated', `the answer stops at ${typeof reason === 'string' ? reason : 'an unnamed limit'}`);
};

/** `Response.error.code` of openai 6.49; those about images say what is wrong with the request. */
const failed = (error: JsonObject): BodyFault => {
  const code = typeof error['code'] === 'string' ? error['code'] : '';
  const message = `${code === '' ? 'failed' : code}: ${typeof error['message'] === 'string' ? error['message'] : 'no message'}`;
  if (code === 'rate_limit_exceeded') return fault('rate_limited', message);
  if (isOutOfMoney(code)) return fault('insufficient_quota', message);
  if (code === 'invalid_prompt' || code.endsWith('content_policy_violation')) return fault('content_filtered', message);
  if (code.endsWith('_timeout')) return fault('request_timeout', message);
  if (/image/u.test(code)) return fault('invalid_request', message);
  return fault('server_error', message);
};
