import type { JsonValue } from '../../../lib/core/json/json.ts';
import { fault, type BodyFault, stoppedFault } from './answer-reader.ts';

/**
 * Finish reasons after which an answer is whole. OpenAI's enum (openai 6.49), Mistral's
 * (`@mistralai/mistralai` 2.7), Together's `eos`, text-generation-inference's `eos_token` and
 * `stop_sequence`, Cohere's and Anthropic's as gateways pass them on; without case. A reason that
 * is in no list says nothing of that.
 */
const whole: ReadonlySet<string> = new Set([
  'stop',
  'eos',
  'eos_token',
  'stop_sequence',
  'end_turn',
  'complete',
]);
/** The same of an answer that asks for calls; `/v1/completions` has none. */
const wholeWithCalls: ReadonlySet<string> = new Set([
  ...whole,
  'tool_calls',
  'tool_call',
  'function_call',
  'tool_use',
]);

/** Limits of the output, which a request can raise. */
const outputLimits: ReadonlySet<string> = new Set(['length', 'max_tokens', 'max_output_tokens']);
/** Limits of the model, which no request can raise. */
const modelLimits: ReadonlySet<string> = new Set(['model_length', 'model_context_window_exceeded']);
export const isOutputLimit = (reason: string): boolean => outputLimits.has(reason.toLowerCase());

const filters: ReadonlySet<string> = new Set(['content_filter', 'sensitive', 'safety']);
const failures: ReadonlySet<string> = new Set([
  'error',
  'network_error',
  'insufficient_system_resource',
  'abort',
  'aborted',
]);

type Api = 'chat.completions' | 'completions';

/**
 * Null where the reason says that the answer is whole, or where a service gives none; else what
 * became of the answer, with the reason's name.
 */
export const faultOfFinish = (api: Api, given: JsonValue | undefined): BodyFault | null => {
  // Services that have no reason to give leave it out, or send null or an empty text.
  if (given === undefined || given === null || given === '') return null;
  const reason = typeof given === 'string' ? given.toLowerCase() : '';
  if ((api === 'completions' ? whole : wholeWithCalls).has(reason)) return null;
  if (reason === 'length') return fault('truncated', 'the answer stops at the output limit');
  if (outputLimits.has(reason))
    return fault('truncated', `the answer stops at a limit (${reason})`);
  if (modelLimits.has(reason)) return stoppedFault(`the answer stops at a limit (${reason})`);
  if (filters.has(reason)) return fault('content_filtered', 'a content filter stopped the answer');
  if (failures.has(reason))
    return fault('server_error', `the answer ended in an error (finish_reason ${reason})`);
  if (reason === 'refusal') return fault('refusal', 'the model refused');
  return stoppedFault(`${unknownEnding(given)}: it may be cut`);
};

const nameCharsMax = 60;

/** Anything may stand where the reason should. */
const unknownEnding = (reason: JsonValue): string =>
  typeof reason === 'string'
    ? `the answer ends with finish_reason ${JSON.stringify(reason.slice(0, nameCharsMax))}, which is not known to be whole`
    : 'the answer does not say why it ends (finish_reason)';
