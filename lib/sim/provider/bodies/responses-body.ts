import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json/json.ts';
import type { Completion } from './completion.ts';
import { isReasoningModel } from './snapshots.ts';
import { floatOr, spacedJson, spacedOr } from './spaced-json.ts';

// Keys, order and spacing as recorded from gpt-5-nano in August 2026. Written as text instead of
// objects, since a batch has 50,000 bodies.

/** The body of `/v1/responses`. */
export const responsesBody = (it: Completion): string => {
  const { body } = it;
  const { status, details, error } = outcomeOf(it);
  return (
    `{"id": "resp_${idOf(it, 0)}", "object": "response", "created_at": ${it.createdS}, "status": "${status}", "background": false, ` +
    `"billing": {"payer": "developer"}, "completed_at": ${status === 'completed' ? it.createdS : 'null'}, "error": ${error}, ` +
    `"frequency_penalty": ${floatOr(body['frequency_penalty'], '0.0')}, "incomplete_details": ${details}, ` +
    `"instructions": ${spacedOr(body['instructions'])}, "max_output_tokens": ${spacedOr(body['max_output_tokens'])}, ` +
    `"max_tool_calls": ${spacedOr(body['max_tool_calls'])}, "model": ${JSON.stringify(it.model)}, "moderation": null, ` +
    `"output": [${outputOf(it, status)}], "parallel_tool_calls": ${spacedOr(body['parallel_tool_calls'], 'true')}, ` +
    `"presence_penalty": ${floatOr(body['presence_penalty'], '0.0')}, "previous_response_id": null, ` +
    `"prompt_cache_key": ${spacedOr(body['prompt_cache_key'])}, "prompt_cache_retention": "in_memory", "reasoning": ${reasoningOf(it)}, ` +
    `"safety_identifier": ${spacedOr(body['safety_identifier'])}, "service_tier": "default", "store": ${spacedOr(body['store'], 'true')}, ` +
    `"temperature": ${floatOr(body['temperature'], '1.0')}, "text": ${textOf(body['text'])}, ` +
    `"tool_choice": ${spacedOr(body['tool_choice'], '"auto"')}, ${toolUsage}, "tools": ${spacedOr(body['tools'], '[]')}, ` +
    `"top_logprobs": ${spacedOr(body['top_logprobs'], '0')}, "top_p": ${floatOr(body['top_p'], '1.0')}, ` +
    `"truncation": ${spacedOr(body['truncation'], '"disabled"')}, "usage": {"input_tokens": ${it.inputTokens}, ` +
    `"input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0}, "output_tokens": ${it.outputTokens}, ` +
    `"output_tokens_details": {"reasoning_tokens": ${it.reasoningTokens}}, "total_tokens": ${it.inputTokens + it.outputTokens}}, ` +
    `"user": ${spacedOr(body['user'])}, "metadata": ${spacedOr(body['metadata'], '{}')}}`
  );
};

const toolUsage =
  '"tool_usage": {"image_gen": {"input_tokens": 0, "input_tokens_details": {"image_tokens": 0, "text_tokens": 0}, "output_tokens": 0, ' +
  '"output_tokens_details": {"image_tokens": 0, "text_tokens": 0}, "total_tokens": 0}, "web_search": {"num_requests": 0}}';

/** 50 hexadecimal digits, different for each item of a response. */
const idOf = ({ hex }: Completion, item: number): string => `0${item}${hex}${hex.slice(0, 16)}`;

/** Statuses of a response that state its outcome. */
const statuses: readonly string[] = ['failed', 'cancelled', 'queued', 'in_progress'];

const outcomeOf = ({
  ending,
}: Completion): { readonly status: string; readonly details: string; readonly error: string } => {
  if (ending === 'stopped' || ending === 'refused')
    return { status: 'completed', details: 'null', error: 'null' };
  if (ending === 'token_limit')
    return { status: 'incomplete', details: '{"reason": "max_output_tokens"}', error: 'null' };
  if (ending.reason === 'error' || ending.reason === 'failed')
    return { status: 'failed', details: 'null', error: modelError };
  if (statuses.includes(ending.reason))
    return { status: ending.reason, details: 'null', error: 'null' };
  return {
    status: 'incomplete',
    details: `{"reason": ${JSON.stringify(ending.reason)}}`,
    error: 'null',
  };
};

const modelError =
  '{"code": "server_error", "message": "The model failed to generate a response."}';

const outputOf = (it: Completion, status: string): string => {
  const reasoning =
    it.reasoningTokens > 0 || it.form === 'reasoning_only' ? [reasoningItem(it)] : [];
  return [...reasoning, ...itemsOf(it, status === 'completed' ? 'completed' : 'incomplete')].join(
    ', ',
  );
};

const itemsOf = (it: Completion, status: string): readonly string[] => {
  const message = (item: number, content: string): string =>
    `{"id": "msg_${idOf(it, item)}", "type": "message", "status": "${status}", "content": [${content}], "role": "assistant"}`;
  switch (it.form) {
    case 'reasoning_only':
      return [];
    case 'empty_text':
      return [message(2, outputText(''))];
    case 'refused_beside_text':
      return [
        message(
          2,
          `${outputText(it.answer)}, {"type": "refusal", "refusal": ${JSON.stringify(refusalBeside)}}`,
        ),
      ];
    case 'several_messages':
      return [message(2, outputText(firstOf(it))), message(3, outputText(it.answer))];
    case 'tool_calls':
    case 'function_call':
      return [
        `{"id": "fc_${idOf(it, 2)}", "type": "function_call", "status": "${status}", "arguments": ${JSON.stringify(callArguments(it))}, ` +
          `"call_id": "call_${it.hex.slice(0, 24)}", "name": ${JSON.stringify(functionNameOf(it.body))}}`,
      ];
    case 'images':
      return [
        `{"id": "ig_${idOf(it, 2)}", "type": "image_generation_call", "status": "completed", "background": "opaque", "output_format": "png", ` +
          `"quality": "low", "result": "${onePixelPng}", "revised_prompt": ${JSON.stringify(it.answer)}, "size": "1024x1024"}`,
      ];
    default:
      return [
        message(
          2,
          it.ending === 'refused'
            ? `{"type": "refusal", "refusal": ${JSON.stringify(it.answer)}}`
            : outputText(it.answer),
        ),
      ];
  }
};

/**
 * The first of two messages is complete, or stops half-way: both are reported from real batches.
 */
const firstOf = ({ hex, answer }: Completion): string =>
  hex < '8' ? answer : answer.slice(0, Math.ceil(answer.length / 2));

const outputText = (text: string): string =>
  `{"type": "output_text", "annotations": [], "logprobs": [], "text": ${JSON.stringify(text)}}`;

/**
 * Reasoning is encrypted when the request includes it: about as long as in two recorded answers.
 */
const reasoningItem = (it: Completion): string => {
  const include = it.body['include'];
  const isWanted =
    Array.isArray(include) &&
    (include as readonly JsonValue[]).includes('reasoning.encrypted_content');
  const encrypted = isWanted ? `"encrypted_content": "gAAAAA${it.hex.repeat(46)}", ` : '';
  return `{"id": "rs_${idOf(it, 1)}", "type": "reasoning", "content": [], ${encrypted}"summary": []}`;
};

const reasoningOf = ({ body, model }: Completion): string => {
  const asked = isJsonObject(body['reasoning']) ? body['reasoning'] : {};
  const effort = spacedOr(asked['effort'], isReasoningModel(model) ? '"medium"' : 'null');
  return `{"context": "current_turn", "effort": ${effort}, "mode": "standard", "summary": ${spacedOr(asked['summary'])}}`;
};

const plainText = '{"format": {"type": "text"}, "verbosity": "medium"}';

/** The echoed text settings. All lines of a batch have the same, so the last one is cached. */
const textOf = (text: JsonValue | undefined): string => {
  if (!isJsonObject(text)) return plainText;
  const key = JSON.stringify(text);
  if (lastText.key === key) return lastText.written;
  const format = isJsonObject(text['format']) ? text['format'] : { type: 'text' };
  const written = `{"format": ${spacedJson(echoOf(format))}, "verbosity": ${spacedOr(text['verbosity'], '"medium"')}}`;
  lastText = { key, written };
  return written;
};
let lastText = { key: '', written: plainText };

const echoOf = (format: JsonObject): JsonObject =>
  format['type'] === 'json_schema'
    ? {
        type: 'json_schema',
        description: format['description'] ?? null,
        name: format['name'] ?? null,
        schema: format['schema'] ?? null,
        strict: format['strict'] ?? false,
      }
    : format;

/** The first function that the request offers, or a made-up one. */
export const functionNameOf = (body: JsonObject): string => {
  const tools = body['tools'];
  const first = Array.isArray(tools) ? (tools as readonly JsonValue[])[0] : undefined;
  if (!isJsonObject(first)) return 'look_up';
  const named = isJsonObject(first['function']) ? first['function'] : first;
  return typeof named['name'] === 'string' ? named['name'] : 'look_up';
};

/** The arguments of a call as models write them: JSON without blanks. */
export const callArguments = ({ answer }: Completion): string => JSON.stringify({ query: answer });

/** The refusal that a model adds to a complete answer. */
export const refusalBeside = "I can't help with that.";

/** A PNG of one white pixel. */
export const onePixelPng =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII=';
