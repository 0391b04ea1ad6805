import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { Refused } from '../../../lib/sim/provider/index.ts';
import type { AnswerForm } from '../respond.ts';

/** Types and codes of errors by status (reports of 2026: raycast/extensions#31107). */
const named: Readonly<Record<number, { readonly type: string; readonly code: string | null }>> = {
  402: { type: 'payment_required', code: null },
  403: { type: 'forbidden', code: null },
  404: { type: 'not_found', code: null },
  429: { type: 'rate_limited', code: '1300' },
};

/** What the service says where the fake speaks of OpenAI's account. */
const statuses: Readonly<Record<string, number>> = { insufficient_quota: 402 };

/**
 * A rejection as Mistral writes it. The gateway refuses keys (`{ message, request_id }`,
 * CoolCline#36), the API's own checks name the field (`{ detail: [{ type, loc, msg, input }] }`,
 * its client 2.7), and everything else is `{ object: "error", … }`.
 */
export const errorOf = (
  refusal: Refused,
): { readonly statusCode: number; readonly body: JsonObject } => {
  const { error } = refusal;
  const statusCode = statuses[error.code ?? ''] ?? refusal.statusCode;
  if (statusCode === 401)
    return { statusCode, body: { message: 'Unauthorized', request_id: 'emulated' } };
  if (statusCode === 400 && isOfField(error.param)) {
    const detail = {
      type: 'value_error',
      loc: ['body', fields[error.param] ?? error.param],
      msg: error.message,
      input: null,
    };
    return { statusCode: 422, body: { detail: [detail] } };
  }
  const { type, code } = named[statusCode] ?? {
    type: statusCode >= 500 ? 'internal_server_error' : 'invalid_request_error',
    code: null,
  };
  return {
    statusCode,
    body: {
      object: 'error',
      message: error.message,
      type,
      param: null,
      code:
        statusCode === 429 && error.code === 'rate_limit_exceeded' ? code : (error.code ?? code),
      raw_status_code: statusCode,
    },
  };
};

/** The fake's words for what a create names. */
const fields: Readonly<Record<string, string>> = {
  input_file_id: 'input_files',
  completion_window: 'timeout_hours',
};

const isOfField = (param: string | null): param is string =>
  param !== null && /^[\w.]+$/u.test(param) && param !== 'id';

/** Bodies as Mistral writes them. */
export const mistralForm = (value: AnswerForm['value'] = (given) => given): AnswerForm => ({
  value,
  error: errorOf,
});
