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
  wholeThenParts,
  isFilledList,
  isTyped,
  saysAnything,
  isPartOfText,
  partsOf,
  partTexts,
  refusalIn,
} from './answer-reader.ts';
import { isOutputLimit } from './finish-reasons.ts';

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

/**
 * Output items of a response (`ResponseOutputItem` of openai 6.49) by what they are to the caller.
 */
const steps: ReadonlySet<JsonValue> = new Set([
  // What the model and the provider do on the way to the answer.
  ...[
    'reasoning',
    'compaction',
    'web_search_call',
    'file_search_call',
    'code_interpreter_call',
    'tool_search_call',
    'tool_search_output',
  ],
  ...[
    'mcp_call',
    'mcp_list_tools',
    'mcp_approval_response',
    'program',
    'program_output',
    'additional_tools',
    'compaction_trigger',
  ],
]);
const calls: ReadonlySet<JsonValue> = new Set([
  // What the caller is asked to do.
  ...[
    'function_call',
    'custom_tool_call',
    'computer_call',
    'local_shell_call',
    'shell_call',
    'apply_patch_call',
    'mcp_approval_request',
  ],
]);

/**
 * Items that say something to the caller; steps with results of their own that are shown, too. An
 * item of a type that is not known is no step.
 */
const itemsOf = (body: JsonObject): readonly JsonObject[] => {
  const items = (listOf(body['output']) ?? []).filter(
    (item) => isTyped(item) || isUntypedMessage(item),
  ) as readonly JsonObject[];
  const answered = new Set(items.filter(isOutputOfCall).map(({ call_id: callId }) => callId));
  return items.filter(
    (item) =>
      !isStep(item) && !(answered.size > 0 && isCall(item) && answered.has(item['call_id'])),
  );
};

/**
 * A call that the provider has performed itself stands beside its output: nothing is asked of the
 * caller.
 */
const isOutputOfCall = ({ type, call_id: callId }: JsonObject): boolean =>
  typeof type === 'string' && type.endsWith('_call_output') && typeof callId === 'string';

const isStep = (item: JsonObject): boolean =>
  (steps.has(item['type'] ?? null) && !hasPicture(item)) ||
  (typeof item['type'] === 'string' && item['type'].endsWith('_call_output'));

/** A program that was run may have drawn. */
const hasPicture = ({ type, outputs }: JsonObject): boolean =>
  type === 'code_interpreter_call' &&
  (listOf(outputs) ?? []).some((output) => isJsonObject(output) && output['type'] === 'image');

const isCall = (item: JsonObject): boolean => calls.has(item['type'] ?? null);
/** Some services leave the type of a message out. */
const isUntypedMessage = (item: JsonValue): boolean =>
  isJsonObject(item) &&
  (item['type'] ?? null) === null &&
  (Array.isArray(item['content']) || typeof item['content'] === 'string');
const isMessage = (item: JsonObject): boolean =>
  item['type'] === 'message' || isUntypedMessage(item);
const partsOfItem = (item: JsonObject): readonly JsonObject[] =>
  isMessage(item) ? partsOf(item['content']) : [];

/** The texts of a message item, one of each part; none of other items. */
const itemTexts = (item: JsonObject): readonly string[] => partTexts(partsOfItem(item));

/**
 * The text of a message item; null for other items, and where it has none. `output_text` on the
 * response itself is the SDK's invention; on the wire it is the type of a part.
 */
const itemText = (item: JsonObject): string | null => {
  const texts = itemTexts(item);
  return texts.length === 0 ? null : texts.join('');
};

const itemRefusal = (item: JsonObject): string | null => refusalIn(partsOfItem(item));

const isMorePart = (part: JsonObject): boolean =>
  !isPartOfText(part) && (part['type'] !== 'refusal' || isText(part['refusal']));

/** Calls that name what is called. */
const namedCalls: ReadonlySet<JsonValue> = new Set(['function_call', 'custom_tool_call']);

/** True where the item has something in it. */
const saysSomething = (item: JsonObject): boolean => {
  if (isMessage(item))
    return (
      isText(itemText(item) ?? undefined) ||
      partsOfItem(item).some((part) => isMorePart(part) && saysAnything(part))
    );
  if (namedCalls.has(item['type'] ?? null)) return isText(item['name']);
  return item['type'] === 'image_generation_call' ? isText(item['result']) : saysAnything(item);
};

/**
 * Items have a status of their own. That of a picture is left at `generating` when the picture is
 * there.
 */
const isWholeItem = ({ type, status, result }: JsonObject): boolean =>
  status === undefined ||
  status === null ||
  (typeof status === 'string' && status.toLowerCase() === 'completed') ||
  (type === 'image_generation_call' && isText(result));

/**
 * True where the item's text is not all that it says: calls, pictures, parts of other types,
 * probabilities of its tokens.
 */
const isMoreThanText = (item: JsonObject): boolean =>
  !isMessage(item) ||
  partsOfItem(item).some((part) => isMorePart(part) || isFilledList(part['logprobs']));
