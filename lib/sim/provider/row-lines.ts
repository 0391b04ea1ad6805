import type { ErrorForm, FaultOf, RowFault } from './faults.ts';
import { errorForStatus } from './refusals.ts';
import type { ApiError } from './wire.ts';

/** Where a row's line goes, what it counts as, and what the bill says. */
export interface RowOutcome {
  readonly outputLines: readonly string[];
  readonly errorLines: readonly string[];
  readonly counts: 'completed' | 'failed';
  /** True when the model answered, and so the request is paid for. */
  readonly isBilled: boolean;
  /** True when the answer reaches whoever reads the files. */
  readonly isUsable: boolean;
}

/** What names a row on its lines. */
export interface RowName {
  readonly hex: string;
  readonly customId: string;
}

/** A line with an HTTP answer inside. `body` is JSON text. */
export const responseLine = (row: RowName, statusCode: number, body: string): string =>
  `{"id":"batch_req_${row.hex}","custom_id":${JSON.stringify(row.customId)},"response":{"status_code":${statusCode},` +
  `"request_id":"${statusCode === 0 ? '' : `req_${row.hex}`}","body":${body}},"error":null}`;

/** A line for a request that got no HTTP answer at all. */
export const errorLine = (row: RowName, code: string, message: string): string =>
  `{"id":"batch_req_${row.hex}","custom_id":${JSON.stringify(row.customId)},"response":null,"error":${JSON.stringify({ code, message })}}`;

/** The outcome of a row that never ran. */
export const unfinishedRow = (row: RowName, code: 'batch_expired' | 'batch_cancelled'): RowOutcome =>
  failedRow(errorLine(row, code, unfinishedMessages[code]));

const unfinishedMessages = {
  batch_expired: 'This request could not be executed before the completion window expired.',
  batch_cancelled: 'This request was not executed because the batch was cancelled.',
} as const;

/** The outcome of a row that the service refused with an HTTP status. */
export const refusedRow = (row: RowName, statusCode: number, error: object = errorForStatus(statusCode)): RowOutcome =>
  failedRow(responseLine(row, statusCode, JSON.stringify({ error })));

/** The error line of a scripted failure. */
const toldLine = (row: RowName, { statusCode, code, message, form = 'openai' }: FaultOf<'rows_fail'>): string => {
  const known = errorForStatus(statusCode);
  const error: ApiError = {
    ...known,
    ...(code === undefined ? {} : { code, message: `The request failed: ${code}.` }),
    ...(message === undefined ? {} : { message }),
  };
  return forms[form](row, statusCode, error);
};

const forms: Readonly<Record<ErrorForm, (row: RowName, statusCode: number, error: ApiError) => string>> = {
  openai: (row, statusCode, error) => responseLine(row, statusCode, JSON.stringify({ error })),
  azure: (row, statusCode, { code, message }) =>
    JSON.stringify({
      custom_id: row.customId,
      response: { request_id: '', status_code: statusCode },
      error: { code: null, message: { error: { code: code ?? 'BadRequest', message } } },
    }),
  vllm: (row, statusCode, { message }) =>
    JSON.stringify({
      id: `vllm-${row.hex}`,
      custom_id: row.customId,
      response: { status_code: statusCode, request_id: `vllm-batch-${row.hex}`, body: null },
      error: { message, type: 'BadRequestError', param: null, code: statusCode },
    }),
  text: (row, statusCode, { message }) => responseLine(row, statusCode, JSON.stringify(message)),
};

/**
 * The outcome of a row that ran, after the fault that hits it, if any. Faults on what the model writes (`rows_truncated`,
 * `rows_refused`) are already in `body`; here they only make the answer unusable.
 */
export const answeredRow = (row: RowName, body: string, fault: RowFault | null): RowOutcome => {
  const line = responseLine(row, 200, body);
  switch (fault?.type) {
    case undefined:
      return { ...paid, outputLines: [line] };
    case 'rows_fail':
      return failedRow(toldLine(row, fault));
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
      return { ...unusable, outputLines: [responseLine({ ...row, customId: `unknown-${row.hex}` }, 200, body)] };
    case 'rows_truncated':
    case 'rows_refused':
      return { ...unusable, outputLines: [line] };
  }
};

const failedRow = (line: string): RowOutcome => ({
  outputLines: [],
  errorLines: [line],
  counts: 'failed',
  isBilled: false,
  isUsable: false,
});

const paid: RowOutcome = { outputLines: [], errorLines: [], counts: 'completed', isBilled: true, isUsable: true };
const unusable: RowOutcome = { ...paid, isUsable: false };
