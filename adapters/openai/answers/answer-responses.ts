import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  isTooDeep,
} from '../../../lib/core/json/json.ts';
import { classOfError, readLineError } from './answer-error.ts';
import {
  type AnswerReader,
  type BodyContent,
  type BodyFault,
  emptyFault,
  fault,
  isText,
  listOf,
  stoppedFault,
  tellsError,
  textsBeside,
  textsMax,
  tooDeepFault,
} from './answer-reader.ts';
import { wholeThenParts } from './content-parts.ts';
import { isOutputLimit } from './finish-reasons.ts';
import {
  isCall,
  isMoreThanText,
  isWholeItem,
  itemRefusal,
  itemsOf,
  itemText,
  itemTexts,
  saysSomething,
} from './response-items.ts';

/**
 * `/v1/responses`: a 200 may hold a response that failed or stopped half-way (SDK's Response type,
 * openai 6.49).
 */
export const responsesReader: AnswerReader = {
  faultOf: (body) => {
    const { error } = body;
    if (isJsonObject(error) && tellsError(error)) return failed(error);
    const status =
      typeof body['status'] === 'string' ? body['status'].toLowerCase() : (body['status'] ?? null);
    if (status === 'incomplete') return incomplete(body['incomplete_details']);
    if (status !== null && status !== '' && status !== 'completed')
      return fault(
        'server_error',
        `the response ended as ${typeof status === 'string' ? `"${status}"` : 'nothing that has a name'}`,
      );
    if (listOf(body['output']) === null)
      return fault('malformed_result', 'the response has no output');
    return faultOfItems(itemsOf(body));
  },
  contentOf: (body): BodyContent => {
    const items = itemsOf(body);
    const texts = items.map(itemText).filter((text) => text !== null);
    const outputText = joined(texts) ?? refusalOf(items);
    const calls = items.filter((item) => isCall(item) && saysSomething(item));
    return {
      outputText,
      output: items.some(isMoreThanText) ? items : outputText,
      finishReason: finishReasonOf(body),
      toolCalls: calls.length === 0 ? null : calls,
      ...textsBeside(outputText, structuredTexts(items, texts)),
    };
  },
  wordsPath: /^response\.body\.output\.\d+\.content\.\d+\.text$/,
};

const faultOfItems = (items: readonly JsonObject[]): BodyFault | null => {
  const refusal = refusalOf(items);
  if (refusal !== null) return fault('refusal', refusal);
  const said = items.filter(saysSomething);
  if (said.length === 0) return emptyFault;
  if (!said.some(isWholeItem)) return stoppedFault('no item of the answer is whole');
  return items.some(isMoreThanText) && isTooDeep(items) ? tooDeepFault : null;
};

const refusalOf = (items: readonly JsonObject[]): string | null =>
  items.reduce<string | null>((found, item) => found ?? itemRefusal(item), null);

/** Items are texts of their own: glued together they would be neither. */
const joined = (texts: readonly string[]): string | null => {
  if (texts.length < 2) return texts[0] ?? null;
  const shown = texts.filter(isText);
  return shown.length === 0 ? texts.join('') : shown.join('\n\n');
};

/**
 * Of several message items (1 line in 400 of real traffic, 2026) the last whole one is the answer,
 * and those before it were drafts; the same holds for the parts of an item. Last of all the texts
 * as one: an answer may have been taken apart.
 */
const structuredTexts = (
  items: readonly JsonObject[],
  texts: readonly string[],
): readonly string[] => {
  const whole = items.filter(isWholeItem).toReversed();
  const candidates = whole.flatMap((item) => wholeThenParts(itemTexts(item))).filter(isText);
  // A line of endless items is no reason to read for ever.
  return [...candidates.slice(0, textsMax - 1), ...(texts.length > 1 ? [texts.join('')] : [])];
};

/** Responses have no finish reason: why one stopped half-way, or its status. */
const finishReasonOf = ({ status, incomplete_details: details }: JsonObject): string | null => {
  const reason = isJsonObject(details) ? details['reason'] : undefined;
  if (typeof reason === 'string') return reason;
  return typeof status === 'string' ? status : null;
};

const reasonCharsMax = 60;

const incomplete = (details: JsonValue | undefined): BodyFault => {
  const reason = isJsonObject(details) ? details['reason'] : undefined;
  if (reason === 'content_filter')
    return fault('content_filtered', 'a content filter stopped the answer');
  if (typeof reason !== 'string') return stoppedFault('the answer stops at an unnamed limit');
  const message = `the answer stops at ${reason.slice(0, reasonCharsMax)}`;
  return isOutputLimit(reason) ? fault('truncated', message) : stoppedFault(message);
};

/** `Response.error.code` of openai 6.49; those about images say what is wrong with the request. */
const failed = (error: JsonObject): BodyFault => {
  const code = typeof error['code'] === 'string' ? error['code'] : '';
  const message = `${code === '' ? 'failed' : code}: ${typeof error['message'] === 'string' ? error['message'] : 'no message'}`;
  if (code === 'invalid_prompt' || code.endsWith('content_policy_violation'))
    return fault('content_filtered', message);
  if (code.endsWith('_timeout')) return fault('request_timeout', message);
  // In words, or under codes that lines have, too: too long a prompt, a file that could not be
  // fetched.
  const failureClass = classOfError(null, readLineError(error));
  if (failureClass !== 'server_error') return fault(failureClass, message);
  return fault(/image/u.test(code) ? 'invalid_request' : 'server_error', message);
};
