import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json.ts';
import { fault, listOf, type AnswerReader, type BodyFault } from './answer-reader.ts';

const firstChoice = (body: JsonObject): JsonObject | null => {
  const choice = listOf(body['choices'])?.[0];
  return isJsonObject(choice) ? choice : null;
};

const finishFault = (reason: JsonValue | undefined): BodyFault | null => {
  if (reason === 'content_filter') return fault('content_filtered', 'a content filter stopped the answer');
  if (reason === 'length') return fault('truncated', 'the answer stops at the output limit');
  return null;
};

/** `/v1/chat/completions`. Of several choices the first one counts. */
export const chatReader: AnswerReader = {
  faultOf: (body) => {
    const choice = firstChoice(body);
    const message = choice?.['message'];
    if (choice === null || !isJsonObject(message)) return fault('malformed_result', 'the completion has no message');
    const { refusal } = message;
    return typeof refusal === 'string' && refusal !== '' ? fault('refusal', refusal) : finishFault(choice['finish_reason']);
  },
  textOf: (body) => {
    const message = firstChoice(body)?.['message'];
    const content = isJsonObject(message) ? message['content'] : null;
    return typeof content === 'string' ? content : null;
  },
  wordsPath: /^response\.body\.choices\.0\.message\.content$/,
  outputOf: (_body, text) => text,
};

/** `/v1/completions`. */
export const completionsReader: AnswerReader = {
  faultOf: (body) => {
    const choice = firstChoice(body);
    if (typeof choice?.['text'] !== 'string') return fault('malformed_result', 'the completion has no text');
    return finishFault(choice['finish_reason']);
  },
  textOf: (body) => {
    const text = firstChoice(body)?.['text'];
    return typeof text === 'string' ? text : null;
  },
  wordsPath: /^response\.body\.choices\.0\.text$/,
  outputOf: (_body, text) => text,
};
