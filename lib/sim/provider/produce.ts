import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';
import { hashBytes, hexOf, uniform } from '../prng.ts';
import type { Answer } from './answer.ts';
import { asksForSchema, defaultAnswer } from './answer.ts';
import { bodyText, canAnswer, knowsForm, writesText } from './bodies/body-text.ts';
import { choiceCountOf } from './bodies/chat-body.ts';
import type { AnswerForm, Ending } from './bodies/completion.ts';
import { isReasoningModel, snapshotOf } from './bodies/snapshots.ts';
import type { ScriptedRowFault } from './fault-injector.ts';
import type { RowFault } from './faults.ts';
import type { LineWriter } from './line-writer.ts';
import { splitLines } from './lines.ts';
import { inputTokens, promptOf, textTokens } from './prompt.ts';
import { errorOfRow } from './row-errors.ts';
import { answeredRow, refusedRow, unfinishedRow, type RowOutcome } from './row-lines.ts';
import { parseLine } from './validate.ts';

/** Everything that determines the content of a batch's files. */
export interface ProductionPlan {
  readonly seed: number;
  readonly batchNo: number;
  readonly endpoint: string;
  readonly requestCount: number;
  /** The share of requests answered in time; exact, rounded down to whole requests. */
  readonly answeredRatio: number;
  /** The error code of the other requests. */
  readonly unfinishedCode: 'batch_expired' | 'batch_cancelled';
  readonly createdS: number;
  readonly rowFaults: readonly ScriptedRowFault[];
  readonly lineBytesMax: number;
  /** Null for the default model. */
  readonly answer: Answer | null;
  /** Counts a request with this custom_id; returns how many there were, including this one. */
  readonly countAttempt: (customId: string) => number;
  /** Called for every request that is billed. */
  readonly bill: (request: {
    readonly customId: string;
    readonly lineHash: number;
    readonly isUsable: boolean;
  }) => void;
}

/** Totals over one batch's rows. */
export interface ProductionTotals {
  readonly completed: number;
  readonly failed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

const decoder = new TextDecoder();

/**
 * Answers every line of a validated input file into the two writers. Memory: one line and the
 * writers' windows.
 */
export const produce = async (
  plan: ProductionPlan,
  input: AsyncIterable<Uint8Array>,
  writers: { readonly output: LineWriter; readonly error: LineWriter },
): Promise<ProductionTotals> => {
  const isAnswered = answeredShare(plan);
  const totals = { completed: 0, failed: 0, inputTokens: 0, outputTokens: 0, reasoningTokens: 0 };
  let index = 0;
  for await (const lines of splitLines(input, plan.lineBytesMax)) {
    for (const bytes of lines) {
      const outcome = rowOutcome(plan, bytes, index, isAnswered(index), totals);
      totals[outcome.counts] += 1;
      writers.output.push(outcome.outputLines);
      writers.error.push(outcome.errorLines);
      index += 1;
    }
    await writers.output.flush();
    await writers.error.flush();
  }
  return totals;
};

/** Which rows were answered in time: an exact share of them, spread over the file. */
const answeredShare = (plan: ProductionPlan): ((index: number) => boolean) => {
  const count = plan.requestCount;
  const answeredCount = Math.floor(count * plan.answeredRatio + 1e-9);
  if (answeredCount >= count) return () => true;
  let stride = 1 + Math.floor(uniform(plan.seed, 'stride', plan.batchNo) * count);
  // A stride without a common divisor visits every row once.
  while (greatestCommonDivisor(stride, count) !== 1) stride += 1;
  return (index) => (index * stride) % count < answeredCount;
};

const greatestCommonDivisor = (left: number, right: number): number =>
  right === 0 ? left : greatestCommonDivisor(right, left % right);

const rowOutcome = (
  plan: ProductionPlan,
  line: Uint8Array,
  index: number,
  isAnswered: boolean,
  totals: { inputTokens: number; outputTokens: number; reasoningTokens: number },
): RowOutcome => {
  const request = parseLine(line, decoder) ?? {};
  const customId = String(request['custom_id']);
  const row = { hex: hexOf(plan.seed ^ Math.imul(plan.batchNo, 0x9e3779b1), index), customId };
  if (!isAnswered) return unfinishedRow(row, plan.unfinishedCode);
  if (!canAnswer(plan.endpoint)) return refusedRow(row, 400, errorOfRow(400, plan.endpoint));
  const body = isJsonObject(request['body']) ? request['body'] : {};
  const fault = faultOn(plan, customId);
  const written = writeAnswer(plan, body, row, fault);
  if (written.type === 'crashed')
    return refusedRow(row, 500, {
      message: written.message,
      type: 'server_error',
      param: null,
      code: null,
    });
  const outcome = answeredRow(row, written.body, fault, plan.endpoint);
  if (outcome.counts === 'completed' && outcome.isBilled) {
    totals.inputTokens += written.inputTokens;
    totals.outputTokens += written.outputTokens;
    totals.reasoningTokens += written.reasoningTokens;
    plan.bill({
      customId,
      lineHash: hashBytes(unstamped(line, customId)),
      isUsable: outcome.isUsable && written.isWhole,
    });
  }
  return outcome;
};

/** The line as every attempt sends it: without the stamp of batch and attempt in its id. */
const unstamped = (line: Uint8Array, customId: string): Uint8Array => {
  if (!/^r[0-9a-z]{8}-\d+_[0-9a-z]{7}$/u.test(customId)) return line;
  const end = '{"custom_id":"'.length + customId.length;
  return line.slice().fill(0x30, end - 7, end);
};

/**
 * The first fault of the script that hits this row. The random draw depends on batch and custom_id,
 * so a retried row draws again.
 */
const faultOn = (plan: ProductionPlan, customId: string): RowFault | null => {
  for (const { fault, scriptIndex } of plan.rowFaults) {
    if (!canHit(fault, plan.endpoint)) continue;
    if (uniform(plan.seed, 'row', scriptIndex, plan.batchNo, customId) < fault.ratio) return fault;
  }
  return null;
};

const canHit = (fault: RowFault, endpoint: string): boolean => {
  // Only a text can be truncated or refused.
  const isOfText =
    fault.type === 'rows_truncated' ||
    fault.type === 'rows_refused' ||
    fault.type === 'rows_end_with';
  return isOfText ? writesText(endpoint) : knowsForm(endpoint, formOf(fault));
};

const forms: Readonly<Partial<Record<RowFault['type'], AnswerForm>>> = {
  rows_several_messages: 'several_messages',
  rows_tool_calls: 'tool_calls',
  rows_function_call: 'function_call',
  rows_content_list: 'content_list',
  rows_several_choices: 'several_choices',
  rows_images: 'images',
  rows_audio: 'audio',
  rows_refused_beside_text: 'refused_beside_text',
  rows_reasoning_only: 'reasoning_only',
  rows_empty_text: 'empty_text',
};

const formOf = (fault: RowFault | null): AnswerForm =>
  fault === null ? 'text' : (forms[fault.type] ?? 'text');

/** Forms that contain the requested text. */
const formsWithText: readonly AnswerForm[] = [
  'text',
  'several_messages',
  'content_list',
  'several_choices',
];

type Written =
  | {
      readonly type: 'written';
      readonly body: string;
      readonly isWhole: boolean;
      readonly inputTokens: number;
      readonly outputTokens: number;
      readonly reasoningTokens: number;
    }
  | { readonly type: 'crashed'; readonly message: string };

/** Reasoning tokens that a reasoning model uses per answer. */
const reasoningTokensEach = 32;

const writeAnswer = (
  plan: ProductionPlan,
  body: JsonObject,
  row: { readonly hex: string; readonly customId: string },
  fault: RowFault | null,
): Written => {
  const prompt = promptOf(body);
  const model = typeof body['model'] === 'string' ? body['model'] : 'omni-moderation-latest';
  let answer: string | JsonValue;
  try {
    answer =
      plan.answer === null
        ? defaultAnswer(body, prompt.lastText, plan.seed)
        : plan.answer({ customId: row.customId, body, attempt: plan.countAttempt(row.customId) });
  } catch (thrown) {
    // A model that throws fails on this row; the provider continues.
    return { type: 'crashed', message: thrown instanceof Error ? thrown.message : String(thrown) };
  }
  const vector = Array.isArray(answer) ? (answer as readonly JsonValue[]) : null;
  const whole = typeof answer === 'string' ? answer : JSON.stringify(answer);
  const isText = writesText(plan.endpoint);
  const reasoningTokens = isText && isReasoningModel(model) ? reasoningTokensEach : 0;
  const form = formOf(fault);
  const limit = isText ? outputTokensMax(body) : Infinity;
  const isRefused = isText && fault?.type === 'rows_refused';
  const isCut =
    isText &&
    !isRefused &&
    (fault?.type === 'rows_truncated' || reasoningTokens + textTokens(whole) > limit);
  const keptChars = Math.max(
    0,
    Math.min(Math.floor(whole.length / 2), (limit - reasoningTokens) * 4),
  );
  const text = isRefused
    ? "I'm sorry, but I can't assist with that request."
    : isCut
      ? whole.slice(0, keptChars)
      : whole;
  const usage = {
    inputTokens: inputTokens(prompt),
    outputTokens: isText ? reasoningTokens + textTokens(text) * choiceCountOf({ form, body }) : 0,
    reasoningTokens,
  };
  const ending: Ending = isRefused
    ? 'refused'
    : isCut
      ? 'token_limit'
      : fault?.type === 'rows_end_with'
        ? { reason: fault.reason }
        : 'stopped';
  const completion = {
    hex: row.hex,
    createdS: plan.createdS,
    model: snapshotOf(model),
    body,
    prompt: prompt.lastText,
    answer: text,
    vector,
    form,
    ending,
    ...usage,
  };
  // For a schema, only an answer with its text is usable, whatever else it contains.
  const isFit =
    form === 'refused_beside_text'
      ? asksForSchema(body)
      : formsWithText.includes(form) || !asksForSchema(body);
  const isWhole = ending === 'stopped' && isFit;
  return { type: 'written', body: bodyText(plan.endpoint, completion), isWhole, ...usage };
};

/** The request's own output limit, under any of its three names. */
const outputTokensMax = (body: JsonObject): number => {
  const limit = body['max_output_tokens'] ?? body['max_completion_tokens'] ?? body['max_tokens'];
  return typeof limit === 'number' ? limit : Infinity;
};
