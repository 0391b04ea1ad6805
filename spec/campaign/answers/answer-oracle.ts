/**
 * A reader of answer files of its own: it shares no code with batchor, splits by bytes, decodes
 * strictly, and knows `JSON.parse` and nothing else. What it says of a line is what a person would
 * read in it.
 */
export type Reading =
  | { readonly type: 'malformed' }
  | { readonly type: 'unknown' }
  | { readonly type: 'failed'; readonly row: number }
  | {
      readonly type: 'answered';
      readonly row: number;
      readonly text: string | null;
      readonly output: unknown;
    };

export interface OracleLine {
  readonly offset: number;
  readonly length: number;
  readonly reading: Reading;
}

/** Longer lines are not read, by promise. */
const lineBytesMax = 64 * 1024 * 1024;

export type OracleEndpoint = 'responses' | 'chat.completions';

export const readFileAsOracle = (
  file: Uint8Array,
  endpoint: OracleEndpoint,
  rowCount: number,
): readonly OracleLine[] => {
  const lines: OracleLine[] = [];
  for (let start = 0; start < file.length;) {
    const found = file.indexOf(10, start);
    const end = found < 0 ? file.length : found;
    const bytes = file.subarray(start, end);
    if (bytes.length > 0)
      lines.push({
        offset: start,
        length: bytes.length,
        reading: readLineAsOracle(bytes, endpoint, rowCount),
      });
    start = end + 1;
  }
  return lines;
};

export const readLineAsOracle = (
  bytes: Uint8Array,
  endpoint: OracleEndpoint,
  rowCount: number,
): Reading => {
  const value = valueOf(bytes);
  const id = get(value, 'custom_id');
  if (value === undefined || Array.isArray(value) || typeof id !== 'string')
    return { type: 'malformed' };
  const digits = /^row-(\d+)$/.exec(id)?.[1];
  if (digits === undefined || id !== `row-${Number(digits)}` || Number(digits) >= rowCount)
    return { type: 'unknown' };
  const row = Number(digits);
  const response = get(value, 'response');
  const status = get(response, 'status_code');
  const body = bodyOf(get(response, 'body'));
  // A status that is left out is one of an answer, where the line and the body name no error.
  const isUnreported =
    (status === undefined || status === null) &&
    !isReported(get(value, 'error')) &&
    !isErrorBody(body);
  const isWritten =
    typeof status === 'number' || (typeof status === 'string' && /^\d{3}$/.test(status));
  const isFine = isUnreported || (isWritten && Number(status) >= 200 && Number(status) < 300);
  const isGood = isFine && isObject(body) && !Array.isArray(response);
  const answer = isGood
    ? endpoint === 'responses'
      ? answerOfResponse(body)
      : answerOfChat(body)
    : null;
  return answer === null || isDeep(answer.output)
    ? { type: 'failed', row }
    : { type: 'answered', row, ...answer };
};

/** Gateways give the body as the JSON text that they received. */
const bodyOf = (body: unknown): unknown => {
  if (typeof body !== 'string') return body;
  const parsed = body.trimStart().startsWith('{') ? parsedOf(body) : undefined;
  return parsed === undefined ? body : parsed;
};
const isErrorBody = (body: unknown): boolean =>
  !isFull(body) || isReported(get(body, 'error')) || get(body, 'object') === 'error';

const valueOf = (bytes: Uint8Array): unknown => {
  if (bytes.length > lineBytesMax) return undefined;
  try {
    // A mark at the head of a text is no part of it.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
    return parsedOf(text);
  } catch {
    return undefined;
  }
};
const parsedOf = (text: string): object | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const get = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : [];

interface Answer {
  readonly text: string | null;
  readonly output: unknown;
}

const typed = (value: unknown): readonly object[] =>
  list(value).filter(
    (each): each is object => isObject(each) && typeof get(each, 'type') === 'string',
  );
const isShown = (text: unknown): boolean =>
  typeof text === 'string' && /[^\s\p{Cc}\p{DI}]/u.test(text);
const isAbsent = (value: unknown): boolean => value === undefined || value === null;
const isReported = (error: unknown): boolean =>
  isObject(error)
    ? Object.values(error).some((each: unknown) => !isAbsent(each) && each !== '')
    : !isAbsent(error) && error !== '';
const textPart = (text: unknown): object => ({ type: 'text', text });
/** A part may be text alone, and text in an object that does not say its type. */
const partIn = (part: unknown): readonly object[] => {
  if (typeof part === 'string') return [textPart(part)];
  return isObject(part) && isAbsent(typeOf(part)) && typeof get(part, 'text') === 'string'
    ? [textPart(get(part, 'text'))]
    : typed([part]);
};
/** The content may be a text, parts, one part, and the answer itself. */
const partsIn = (content: unknown): readonly object[] => {
  if (!isObject(content))
    return (typeof content === 'string' ? [content] : list(content)).flatMap(partIn);
  const one = partIn(content);
  return one.length > 0
    ? one
    : isFull(content) && !isDeep(content)
      ? [textPart(JSON.stringify(content))]
      : [];
};
/** What names a thing is nothing in it. */
const namesOfThings = [
  'type',
  'id',
  'index',
  'status',
  'role',
  'call_id',
  'object',
  'expires_at',
  'phase',
];
const holdsAnything = (thing: object): boolean =>
  Object.entries(thing).some(
    ([key, value]) => !namesOfThings.includes(key) && isAnything(value, 7),
  );
const isAnything = (value: unknown, levels: number): boolean => {
  if (typeof value === 'string') return isShown(value);
  if (typeof value !== 'object' || value === null) return !isAbsent(value);
  return levels === 0 || Object.values(value).some((each) => isAnything(each, levels - 1));
};
const isRefusal = (part: object): boolean =>
  typeOf(part) === 'refusal' &&
  (isShown(get(part, 'refusal')) || get(part, 'refusal') === undefined);
/** True for a part that is neither text nor an empty refusal. */
const isOtherPart = (part: object): boolean =>
  !isTextPart(part) && (typeOf(part) !== 'refusal' || isShown(get(part, 'refusal')));
const isFilled = (value: unknown): boolean => Array.isArray(value) && value.length > 0;
/** Mutated values may be objects that make no text. */
const nameOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const typeOf = (value: unknown): unknown => get(value, 'type');

/** Written again, it would be nested more deeply than can be read by all. */
const isDeep = (value: unknown): boolean => {
  let level: readonly unknown[] = [value];
  for (let depth = 0; depth <= 128; depth += 1) {
    level = level.flatMap((each) =>
      typeof each === 'object' && each !== null ? Object.values(each) : [],
    );
    if (level.every((each) => typeof each !== 'object' || each === null)) return false;
  }
  return true;
};

const inBetween = [
  ...[
    'reasoning',
    'compaction',
    'web_search_call',
    'file_search_call',
    'tool_search_call',
    'tool_search_output',
    'mcp_call',
  ],
  ...[
    'mcp_list_tools',
    'code_interpreter_call',
    'mcp_approval_response',
    'program',
    'program_output',
    'additional_tools',
    'compaction_trigger',
  ],
];
const asked = [
  'function_call',
  'custom_tool_call',
  'computer_call',
  'local_shell_call',
  'shell_call',
  'apply_patch_call',
  'mcp_approval_request',
];

/** What a `/v1/responses` body answers; null when it is no whole answer, or says nothing. */
const answerOfResponse = (body: object): Answer | null => {
  const status = get(body, 'status');
  const isCompleted =
    status === undefined ||
    status === null ||
    status === '' ||
    (typeof status === 'string' && status.toLowerCase() === 'completed');
  const error = get(body, 'error');
  if (!isCompleted || (isObject(error) && isReported(error)) || !Array.isArray(get(body, 'output')))
    return null;
  const isBareMessage = (item: unknown): item is object =>
    isObject(item) &&
    isAbsent(typeOf(item)) &&
    (typeof get(item, 'content') === 'string' || Array.isArray(get(item, 'content')));
  const all = list(get(body, 'output')).filter(
    (item): item is object => typed([item]).length > 0 || isBareMessage(item),
  );
  const isMessage = (item: object): boolean => typeOf(item) === 'message' || isBareMessage(item);
  const isOutput = (item: object): boolean => nameOf(typeOf(item)).endsWith('_call_output');
  const isDrawn = (item: object): boolean =>
    typeOf(item) === 'code_interpreter_call' &&
    list(get(item, 'outputs')).some((each) => isObject(each) && typeOf(each) === 'image');
  const isStep = (item: object): boolean =>
    inBetween.includes(nameOf(typeOf(item))) && !isDrawn(item);
  const done = all.filter(isOutput).map((item) => get(item, 'call_id'));
  const isDoneCall = (item: object): boolean =>
    asked.includes(nameOf(typeOf(item))) &&
    typeof get(item, 'call_id') === 'string' &&
    done.includes(get(item, 'call_id'));
  const items = all.filter((item) => !isStep(item) && !isOutput(item) && !isDoneCall(item));
  const partsOf = (item: object): readonly object[] =>
    isMessage(item) ? partsIn(get(item, 'content')) : [];
  if (items.flatMap(partsOf).some(isRefusal)) return null;
  const textOf = (item: object): string | null => {
    const texts = partsOf(item).filter(
      (part) => isTextPart(part) && typeof get(part, 'text') === 'string',
    );
    return texts.length === 0 ? null : texts.map((part) => get(part, 'text')).join('');
  };
  const isMore = (item: object): boolean =>
    !isMessage(item) ||
    partsOf(item).some((part) => isOtherPart(part) || isFilled(get(part, 'logprobs')));
  const says = (item: object): boolean => {
    if (isMessage(item))
      return (
        isShown(textOf(item)) ||
        partsOf(item).some((part) => isOtherPart(part) && holdsAnything(part))
      );
    if (['function_call', 'custom_tool_call'].includes(nameOf(typeOf(item))))
      return isShown(get(item, 'name'));
    return typeOf(item) === 'image_generation_call'
      ? isShown(get(item, 'result'))
      : holdsAnything(item);
  };
  const isDone = (item: object): boolean =>
    isAbsent(get(item, 'status')) ||
    nameOf(get(item, 'status')).toLowerCase() === 'completed' ||
    (typeOf(item) === 'image_generation_call' && isShown(get(item, 'result')));
  if (!items.some((item) => says(item) && isDone(item))) return null;
  const texts = items.map(textOf).filter((text) => text !== null);
  const shown = texts.filter(isShown);
  const text =
    texts.length === 0
      ? null
      : texts.length === 1 || shown.length === 0
        ? texts.join('')
        : shown.join('\n\n');
  return { text, output: items.some(isMore) ? items : text };
};

const endings = [
  ...['stop', 'eos', 'eos_token', 'stop_sequence', 'end_turn', 'complete'],
  ...['tool_calls', 'tool_call', 'function_call', 'tool_use'],
];

/** The same of a `/v1/chat/completions` body. */
const answerOfChat = (body: object): Answer | null => {
  const choices = list(get(body, 'choices')).filter(isObject);
  const isNumbered = choices.every((choice) => typeof get(choice, 'index') === 'number');
  const inOrder = isNumbered
    ? choices.toSorted((a, b) => Number(get(a, 'index')) - Number(get(b, 'index')))
    : choices;
  const whole = inOrder.find((choice) => isWholeChoice(choice));
  if (whole === undefined) return null;
  const message = get(whole, 'message') as object;
  const text = chatText(message);
  const logprobs = get(whole, 'logprobs');
  const isMany =
    choices.length > 1 ||
    ['content', 'refusal', 'tokens'].some(
      (key) => isObject(logprobs) && isFilled(get(logprobs, key)),
    );
  if (isMany) return { text, output: choices };
  const content = get(message, 'content');
  if (hasCall(message) || hasMedia(message)) return { text, output: message };
  if (!partsIn(content).some(isOtherPart)) return { text, output: text };
  return { text, output: Array.isArray(content) ? content : message };
};

const isTextPart = (part: object): boolean =>
  typeOf(part) === 'text' || typeOf(part) === 'output_text';
const chatText = (message: object): string | null => {
  const texts = partsIn(get(message, 'content')).filter(
    (part) => isTextPart(part) && typeof get(part, 'text') === 'string',
  );
  return texts.length === 0 ? null : texts.map((part) => get(part, 'text')).join('');
};
const isFull = (value: unknown): value is object =>
  isObject(value) && Object.keys(value).length > 0;
const isNamed = (called: unknown): boolean => isObject(called) && isShown(get(called, 'name'));
const hasCall = (message: object): boolean => {
  const member = get(message, 'tool_calls');
  const calls = (Array.isArray(member) ? list(member) : [member]).filter(isFull);
  const isUnknownKind = (call: object): boolean =>
    get(call, 'function') === undefined && get(call, 'custom') === undefined;
  const isCall = (call: object): boolean =>
    isUnknownKind(call)
      ? holdsAnything(call)
      : isNamed(get(call, 'function')) || isNamed(get(call, 'custom'));
  return calls.some(isCall) || isNamed(get(message, 'function_call'));
};
const hasMedia = (message: object): boolean =>
  isMedium(get(message, 'audio')) || list(get(message, 'images')).some(isMedium);
const isMedium = (value: unknown): boolean =>
  isObject(value) ? holdsAnything(value) : isAnything(value, 8);

const isWholeChoice = (choice: object): boolean => {
  const message = get(choice, 'message');
  if (!isObject(message)) return false;
  const parts = partsIn(get(message, 'content'));
  if (isShown(get(message, 'refusal')) || parts.some(isRefusal)) return false;
  const reason = get(choice, 'finish_reason');
  if (
    !isAbsent(reason) &&
    reason !== '' &&
    !(typeof reason === 'string' && endings.includes(reason.toLowerCase()))
  )
    return false;
  const thoughts = ['thinking', 'redacted_thinking', 'reasoning'];
  const isSomething = (part: object): boolean =>
    isOtherPart(part) && !thoughts.includes(nameOf(typeOf(part))) && holdsAnything(part);
  return (
    isShown(chatText(message)) || hasCall(message) || hasMedia(message) || parts.some(isSomething)
  );
};
