import type { Completion } from './completion.ts';
import { callArguments, functionNameOf, onePixelPng, refusalBeside } from './responses-body.ts';
import { isReasoningModel } from './snapshots.ts';

/**
 * The body of `/v1/chat/completions`, with keys in recorded order (gpt-4o, 4.1 and gpt-5 families,
 * 2024 to 2026).
 */
export const chatBody = (it: Completion): string => {
  const choices = Array.from({ length: choiceCountOf(it) }, (_, index) => choiceOf(it, index));
  return (
    `{"id": "chatcmpl-${it.hex.slice(0, 29)}", "object": "chat.completion", "created": ${it.createdS}, "model": ${JSON.stringify(it.model)}, ` +
    `"choices": [${choices.join(', ')}], "usage": ${chatUsage(it)}, "service_tier": "default", "system_fingerprint": ${fingerprintOf(it)}}`
  );
};

/** The body of `/v1/completions`. */
export const completionsBody = (it: Completion): string =>
  `{"id": "cmpl-${it.hex.slice(0, 29)}", "object": "text_completion", "created": ${it.createdS}, "model": ${JSON.stringify(it.model)}, ` +
  `"choices": [${Array.from(
    { length: choiceCountOf(it) },
    (_, index) =>
      `{"text": ${JSON.stringify(it.answer)}, "index": ${index}, "logprobs": null, "finish_reason": ${finishReason(it)}}`,
  ).join(', ')}], "usage": ${chatUsage(it)}}`;

const choicesOfFault = 3;

/** As many choices as the request's `n`; three with the fault. */
export const choiceCountOf = ({ form, body }: Pick<Completion, 'form' | 'body'>): number => {
  const asked = body['n'];
  if (typeof asked === 'number' && Number.isInteger(asked) && asked > 1) return asked;
  return form === 'several_choices' ? choicesOfFault : 1;
};

const choiceOf = (it: Completion, index: number): string => {
  const isLogged = it.body['logprobs'] === true || it.form === 'several_choices';
  // Bodies of reasoning models have no `logprobs` key.
  const logprobs = isLogged
    ? `"logprobs": ${logprobsOf(it)}, `
    : isReasoningModel(it.model)
      ? ''
      : '"logprobs": null, ';
  return `{"index": ${index}, "message": ${messageOf(it, index)}, ${logprobs}"finish_reason": ${finishReason(it)}}`;
};

const logprobsOf = ({ answer }: Completion): string => {
  const token = JSON.stringify(answer.slice(0, 1));
  return `{"content": [{"token": ${token}, "bytes": null, "logprob": -0.1, "top_logprobs": []}], "refusal": null}`;
};

const messageOf = (it: Completion, index: number): string => {
  const message = (content: string, more = '', refusal = 'null'): string =>
    `{"role": "assistant", "content": ${content}, "refusal": ${refusal}, ${more}"annotations": []}`;
  const text = JSON.stringify(it.answer);
  if (it.ending === 'refused') return message('null', '', text);
  const call = `{"name": ${JSON.stringify(functionNameOf(it.body))}, "arguments": ${JSON.stringify(callArguments(it))}}`;
  switch (it.form) {
    case 'tool_calls':
      return message(
        'null',
        `"tool_calls": [{"id": "call_${it.hex.slice(0, 24)}", "type": "function", "function": ${call}}], `,
      );
    case 'function_call':
      return message('null', `"function_call": ${call}, `);
    case 'content_list':
      return message(
        `[{"type": "thinking", "thinking": [{"type": "text", "text": "It is asked."}]}, {"type": "text", "text": ${text}}]`,
      );
    case 'images':
      return message(
        'null',
        `"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,${onePixelPng}"}}], `,
      );
    case 'audio':
      return message(
        'null',
        `"audio": {"id": "audio_${it.hex}", "data": "UklGRiQAAABXQVZF", "expires_at": ${it.createdS + 3600}, "transcript": ${text}}, `,
      );
    case 'refused_beside_text':
      return message(text, '', JSON.stringify(refusalBeside));
    case 'reasoning_only':
      return message('null', '"reasoning_content": "It is asked.", ');
    case 'empty_text':
      return message('""');
    // Of several choices the first is the answer, and the others differ from it.
    default:
      return message(index === 0 ? text : JSON.stringify(`${it.answer} (${index + 1})`));
  }
};

const finishReason = ({ ending, form }: Completion): string => {
  if (ending === 'token_limit') return '"length"';
  if (typeof ending === 'object') return JSON.stringify(ending.reason);
  return form === 'tool_calls' || form === 'function_call' ? `"${form}"` : '"stop"';
};

const chatUsage = (it: Completion): string =>
  `{"prompt_tokens": ${it.inputTokens}, "completion_tokens": ${it.outputTokens}, "total_tokens": ${it.inputTokens + it.outputTokens}, ` +
  `"prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": ${it.reasoningTokens}, ` +
  `"audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}}`;

/** So many machines answer a batch: within one batch 5 to 8 fingerprints were seen. */
const fingerprints = 7;

const fingerprintOf = ({ hex, model }: Completion): string => {
  if (isReasoningModel(model)) return 'null';
  const machine = Number.parseInt(hex.slice(0, 6), 16) % fingerprints;
  return `"fp_${(0x3c5d1e80 + machine * 0x1f35).toString(16)}a0"`;
};
