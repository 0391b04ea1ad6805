/**
 * OpenAI's answers of August 2026 (`/v1/responses`, gpt-5-nano, two rows), with made-up values:
 * keys, order, types, blanks and line breaks are as recorded. Error lines and chat bodies: from
 * public result files of 2024 to 2026. Cancels, failed validations, deletions and error bodies:
 * from OpenAI's reference, in the recorded form.
 */

const zeros = {
  input_tokens: 0,
  output_tokens: 0,
  total_tokens: 0,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens_details: { reasoning_tokens: 0 },
};

const batch = (more: Readonly<Record<string, unknown>>): string => {
  const body = {
    id: 'batch_0123456789abcdef0123456789abcdef',
    object: 'batch',
    endpoint: '/v1/responses',
    model: null,
    errors: null,
    input_file_id: 'file-Abcdefghijklmnopqrstuv',
    completion_window: '24h',
    status: 'validating',
    output_file_id: null,
    error_file_id: null,
    created_at: 1_790_000_000,
    in_progress_at: null,
    expires_at: 1_790_086_400,
    finalizing_at: null,
    completed_at: null,
    failed_at: null,
    expired_at: null,
    cancelling_at: null,
    cancelled_at: null,
    request_counts: { total: 0, completed: 0, failed: 0 },
    usage: zeros,
    metadata: null,
  };
  return JSON.stringify({ ...body, ...more }, null, 2);
};

const model = 'gpt-5-nano-2025-08-07';

/** Bodies of calls, as on the wire. */
export const recordedBodies = {
  file: `{
  "object": "file",
  "id": "file-Abcdefghijklmnopqrstuv",
  "purpose": "batch",
  "filename": "made_up.jsonl",
  "bytes": 400,
  "created_at": 1790000000,
  "expires_at": 1792592000,
  "status": "processed",
  "status_details": null
}
`,
  created: batch({}),
  validating: batch({}),
  inProgress: batch({
    model,
    status: 'in_progress',
    in_progress_at: 1_790_000_060,
    request_counts: { total: 2, completed: 1, failed: 0 },
  }),
  cancelling: batch({
    model,
    status: 'cancelling',
    in_progress_at: 1_790_000_060,
    cancelling_at: 1_790_000_090,
    request_counts: { total: 2, completed: 1, failed: 0 },
  }),
  failed: batch({
    status: 'failed',
    failed_at: 1_790_000_060,
    errors: {
      object: 'list',
      data: [{ code: 'invalid_json_line', message: 'made up', param: null, line: 1 }],
    },
  }),
  deleted: `${JSON.stringify({ id: 'file-Abcdefghijklmnopqrstuv', object: 'file', deleted: true }, null, 2)}\n`,
  noSuchBatch: JSON.stringify(
    { error: { message: 'made up', type: 'invalid_request_error', param: null, code: null } },
    null,
    2,
  ),
  noSuchFile: JSON.stringify(
    { error: { message: 'made up', type: 'invalid_request_error', param: 'id', code: null } },
    null,
    2,
  ),
  wrongKey: JSON.stringify(
    {
      error: {
        message: 'made up',
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_api_key',
      },
    },
    null,
    2,
  ),
  missingParameter: JSON.stringify(
    {
      error: {
        message: 'made up',
        type: 'invalid_request_error',
        param: 'endpoint',
        code: 'missing_required_parameter',
      },
    },
    null,
    2,
  ),
  completed: batch({
    model,
    status: 'completed',
    output_file_id: 'file-Zyxwvutsrqponmlkjihgfe',
    in_progress_at: 1_790_000_060,
    finalizing_at: 1_790_000_120,
    completed_at: 1_790_000_121,
    request_counts: { total: 2, completed: 2, failed: 0 },
    usage: {
      ...zeros,
      input_tokens: 36,
      output_tokens: 200,
      total_tokens: 236,
      output_tokens_details: { reasoning_tokens: 128 },
    },
  }),
} as const;

/** Headers of JSON answers, and of a file's content. */
export const recordedHeaders = {
  json: {
    'content-type': /^application\/json$/u,
    'transfer-encoding': /^chunked$/u,
    'openai-version': /^2020-10-01$/u,
    'openai-organization': /./u,
    'openai-project': /./u,
    'openai-processing-ms': /^\d+$/u,
    'x-request-id': /^req_[0-9a-f]{32}$/u,
  },
  content: {
    'content-type': /^application\/octet-stream$/u,
    'content-length': /^\d+$/u,
    'content-disposition': /^attachment; filename="batch_[0-9a-f]{32}_output\.jsonl"$/u,
    'openai-version': /^2020-10-01$/u,
    'openai-organization': /./u,
    'openai-project': /./u,
    'openai-processing-ms': /^\d+$/u,
    'x-request-id': /^req_[0-9a-f]{32}$/u,
  },
} as const;

const hex50 = '0123456789abcdef0123456789abcdef0123456789abcdef01';
const lineOf = (statusCode: number, body: string): string =>
  `{"id": "batch_req_0123456789abcdef0123456789abcdef", "custom_id": "0", "response": {"status_code": ${statusCode}, ` +
  `"request_id": "01234567-89ab-4cde-8f01-23456789abcd", "body": ${body}}, "error": null}`;

const imageTokens = '{"image_tokens": 0, "text_tokens": 0}';

/** Result lines. */
export const recordedLines = {
  responses: lineOf(
    200,
    `{"id": "resp_${hex50}", "object": "response", "created_at": 1790000100, "status": "completed", "background": false, ` +
      `"billing": {"payer": "developer"}, "completed_at": 1790000103, "error": null, "frequency_penalty": 0.0, "incomplete_details": null, ` +
      `"instructions": null, "max_output_tokens": null, "max_tool_calls": null, "model": "${model}", "moderation": null, "output": [` +
      `{"id": "rs_${hex50}", "type": "reasoning", "content": [], "encrypted_content": "made up", "summary": []}, ` +
      `{"id": "msg_${hex50}", "type": "message", "status": "completed", "content": [{"type": "output_text", "annotations": [], "logprobs": [], ` +
      `"text": "made up"}], "role": "assistant"}], "parallel_tool_calls": true, "presence_penalty": 0.0, "previous_response_id": null, ` +
      `"prompt_cache_key": null, "prompt_cache_retention": "in_memory", "reasoning": {"context": "current_turn", "effort": "medium", ` +
      `"mode": "standard", "summary": null}, "safety_identifier": null, "service_tier": "default", "store": false, "temperature": 1.0, ` +
      `"text": {"format": {"type": "text"}, "verbosity": "medium"}, "tool_choice": "auto", "tool_usage": {"image_gen": {"input_tokens": 0, ` +
      `"input_tokens_details": ${imageTokens}, "output_tokens": 0, "output_tokens_details": ${imageTokens}, "total_tokens": 0}, ` +
      `"web_search": {"num_requests": 0}}, "tools": [], "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled", "usage": {"input_tokens": 18, ` +
      `"input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0}, "output_tokens": 100, "output_tokens_details": ` +
      `{"reasoning_tokens": 64}, "total_tokens": 118}, "user": null, "metadata": {}}`,
  ),
  chat: lineOf(
    200,
    '{"id": "made up", "object": "chat.completion", "created": 1790000100, "model": "gpt-4.1-mini-2025-04-14", "choices": [{"index": 0, ' +
      '"message": {"role": "assistant", "content": "made up", "refusal": null, "annotations": []}, "logprobs": null, "finish_reason": "stop"}], ' +
      '"usage": {"prompt_tokens": 18, "completion_tokens": 9, "total_tokens": 27, "prompt_tokens_details": {"cached_tokens": 0, ' +
      '"audio_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, ' +
      '"rejected_prediction_tokens": 0}}, "service_tier": "default", "system_fingerprint": "made up"}',
  ),
  /** Reasoning models have no `logprobs` and no fingerprint. */
  reasoningChat: lineOf(
    200,
    `{"id": "made up", "object": "chat.completion", "created": 1790000100, "model": "${model}", "choices": [{"index": 0, ` +
      '"message": {"role": "assistant", "content": "made up", "refusal": null, "annotations": []}, "finish_reason": "stop"}], ' +
      '"usage": {"prompt_tokens": 18, "completion_tokens": 9, "total_tokens": 27, "prompt_tokens_details": {"cached_tokens": 0, ' +
      '"audio_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, ' +
      '"rejected_prediction_tokens": 0}}, "service_tier": "default", "system_fingerprint": null}',
  ),
  invalidChat: lineOf(
    400,
    '{"error": {"message": "made up", "type": "invalid_request_error", "param": "messages", "code": null}}',
  ),
} as const;
