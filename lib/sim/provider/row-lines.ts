import type { JsonObject, JsonValue } from '../../core/json/json.ts';
import { spacedJson } from './bodies/spaced-json.ts';
import type { ErrorForm, FaultOf, RowFault } from './faults.ts';
import { scriptedError } from './row-errors.ts';
import type { ApiError } from './wire.ts';

/** The file of a row's line, its count, and whether it is billed. */
export interface RowOutcome {
  readonly outputLines: readonly string[];
  readonly errorLines: readonly string[];
  readonly counts: 'completed' | 'failed';
  /** True when the model answered, so that the request is billed. */
  readonly isBilled: boolean;
  /** True when the answer reaches the client. */
  readonly isUsable: boolean;
}

/** What names a row on its lines. */
export interface RowName {
  readonly hex: string;
  readonly customId: string;
}

/** A line with an HTTP answer. `body` is JSON text. Spacing and ids as recorded in August 2026. */
export const responseLine = (row: RowName, statusCode: number, body: string): string =>
  `{"id": "batch_req_${row.hex}", "custom_id": ${JSON.stringify(row.customId)}, "response": {"status_code": ${statusCode}, ` +
  `"request_id": "${statusCode === 0 ? '' : uuidOf(row.hex)}", "body": ${body}}, "error": null}`;

/** A line for a request without an HTTP answer. */
export const errorLine = (row: RowName, code: string, message: string): string =>
  `{"id": "batch_req_${row.hex}", "custom_id": ${JSON.stringify(row.customId)}, "response": null, "error": ${spacedJson({ code, message })}}`;

const uuidOf = (hex: string): string =>
  `${hex.slice(24)}-${hex.slice(20, 24)}-4${hex.slice(17, 20)}-8${hex.slice(14, 17)}-${hex.slice(0, 12)}`;

/** The outcome of a row that never ran. */
export const unfinishedRow = (
  row: RowName,
  code: 'batch_expired' | 'batch_cancelled',
): RowOutcome => failedRow(errorLine(row, code, unfinishedMessages[code]));

const unfinishedMessages = {
  batch_expired: 'This request could not be executed before the completion window expired.',
  batch_cancelled: 'This request was not executed because the batch was cancelled.',
} as const;

/** The outcome of a row that the service rejected with an HTTP status. */
export const refusedRow = (row: RowName, statusCode: number, error: ApiError): RowOutcome =>
  failedRow(responseLine(row, statusCode, spacedJson({ error: { ...error } })));

/** The error line of a scripted failure. */
const scriptedErrorLine = (row: RowName, fault: FaultOf<'rows_fail'>, endpoint: string): string =>
  forms[fault.form ?? 'openai'](row, fault.statusCode, scriptedError(fault, endpoint));

const idOf = ({ customId }: RowName): string => `"custom_id": ${JSON.stringify(customId)}`;

const besideLine = (row: RowName, statusCode: number, error: JsonValue): string =>
  `{"id": "vllm-${row.hex}", ${idOf(row)}, "response": {"status_code": ${statusCode}, "request_id": "vllm-batch-${row.hex}", "body": null}, ` +
  `"error": ${spacedJson(error)}}`;

const ofVllm = (statusCode: number, { message }: ApiError): JsonObject => ({
  message,
  type: 'BadRequestError',
  param: null,
  code: statusCode,
});

const forms: Readonly<
  Record<ErrorForm, (row: RowName, statusCode: number, error: ApiError) => string>
> = {
  openai: (row, statusCode, error) =>
    responseLine(row, statusCode, spacedJson({ error: { ...error } })),
  azure: (row, statusCode, { code, message }) =>
    `{${idOf(row)}, "response": {"request_id": "", "status_code": ${statusCode}}, ` +
    `"error": ${spacedJson({ code: null, message: { error: { code: code ?? 'BadRequest', message } } })}}`,
  vllm: (row, statusCode, error) => besideLine(row, statusCode, ofVllm(statusCode, error)),
  vllm_wrapped: (row, statusCode, error) =>
    besideLine(row, statusCode, { error: ofVllm(statusCode, error) }),
  text: (row, statusCode, { message }) => responseLine(row, statusCode, JSON.stringify(message)),
  text_beside: (row, statusCode, { message }) => besideLine(row, statusCode, message),
};

/**
 * The outcome of a row that ran, after its fault, if any. Faults in the model's answer
 * (`rows_truncated`, `rows_refused`, forms of answers) are already in `body`; with the first two
 * the answer is unusable.
 */
export const answeredRow = (
  row: RowName,
  body: string,
  fault: RowFault | null,
  endpoint: string,
): RowOutcome => {
  const line = responseLine(row, 200, body);
  switch (fault?.type) {
    case undefined:
      return { ...paid, outputLines: [line] };
    case 'rows_fail':
      return failedRow(scriptedErrorLine(row, fault, endpoint));
    case 'rows_timed_out':
      return failedRow(errorLine(row, 'request_timeout', 'The model call timed out.'));
    case 'rows_status_zero':
      return { ...unusable, outputLines: [responseLine(row, 0, '{}')], isBilled: false };
    case 'rows_missing':
      return unusable;
    case 'rows_duplicated':
      return { ...paid, outputLines: [line, line] };
    case 'rows_malformed':
      return { ...unusable, outputLines: [line.slice(0, Math.ceil(line.length * 0.6))] };
    case 'rows_unknown_id':
      return {
        ...unusable,
        outputLines: [responseLine({ ...row, customId: `unknown-${row.hex}` }, 200, body)],
      };
    case 'rows_truncated':
    case 'rows_refused':
    case 'rows_end_with':
    case 'rows_reasoning_only':
    case 'rows_empty_text':
      return { ...unusable, outputLines: [line] };
    default:
      return { ...paid, outputLines: [line] };
  }
};

const failedRow = (line: string): RowOutcome => ({
  outputLines: [],
  errorLines: [line],
  counts: 'failed',
  isBilled: false,
  isUsable: false,
});

const paid: RowOutcome = {
  outputLines: [],
  errorLines: [],
  counts: 'completed',
  isBilled: true,
  isUsable: true,
};
const unusable: RowOutcome = { ...paid, isUsable: false };
