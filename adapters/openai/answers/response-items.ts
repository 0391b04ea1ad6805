import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { isPartOfText, partsOf, partTexts, refusalIn } from './content-parts.ts';
import { isFilledList, isText, isTyped, listOf, saysAnything } from './answer-reader.ts';

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
export const itemsOf = (body: JsonObject): readonly JsonObject[] => {
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

export const isCall = (item: JsonObject): boolean => calls.has(item['type'] ?? null);
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
export const itemTexts = (item: JsonObject): readonly string[] => partTexts(partsOfItem(item));

/**
 * The text of a message item; null for other items, and where it has none. `output_text` on the
 * response itself is the SDK's invention; on the wire it is the type of a part.
 */
export const itemText = (item: JsonObject): string | null => {
  const texts = itemTexts(item);
  return texts.length === 0 ? null : texts.join('');
};

export const itemRefusal = (item: JsonObject): string | null => refusalIn(partsOfItem(item));

const isMorePart = (part: JsonObject): boolean =>
  !isPartOfText(part) && (part['type'] !== 'refusal' || isText(part['refusal']));

/** Calls that name what is called. */
const namedCalls: ReadonlySet<JsonValue> = new Set(['function_call', 'custom_tool_call']);

/** True where the item has something in it. */
export const saysSomething = (item: JsonObject): boolean => {
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
export const isWholeItem = ({ type, status, result }: JsonObject): boolean =>
  status === undefined ||
  status === null ||
  (typeof status === 'string' && status.toLowerCase() === 'completed') ||
  (type === 'image_generation_call' && isText(result));

/**
 * True where the item's text is not all that it says: calls, pictures, parts of other types,
 * probabilities of its tokens.
 */
export const isMoreThanText = (item: JsonObject): boolean =>
  !isMessage(item) ||
  partsOfItem(item).some((part) => isMorePart(part) || isFilledList(part['logprobs']));
