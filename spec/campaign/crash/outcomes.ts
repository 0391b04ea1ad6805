import {
  answerFormFaults,
  answersFaults,
  type Fault,
  type FaultScript,
  operations,
} from '../../../lib/sim/index.ts';
import { notFoundWords, notProcessedWords } from '../../support/sim/file-words.ts';

const minuteMs = 60_000;
const first = { batch: 1 } as const;

/**
 * Everything that a provider may do to a small run of two batches, each by a name of its own. The
 * world heals, or the operator gives up the batches that do not end.
 */
export const outcomes: Readonly<Record<string, FaultScript>> = {
  'all is well': [],
  'the answer to a create is lost': [{ type: 'lose_create_reply', ...first }],
  'the answer to a create is lost, and the list lags': [
    { type: 'lose_create_reply', ...first },
    { type: 'list_lags', ...first, forMs: 8 * minuteMs },
  ],
  'a create is lost': [{ type: 'drop_create', ...first }],
  'two creates are lost': [{ type: 'drop_create', times: 2 }],
  'a create comes through within its grace': [
    { type: 'create_lands_late', ...first, forMs: 5 * minuteMs },
  ],
  'a create comes through when it is fenced': [
    { type: 'create_lands_late', ...first, forMs: 10 * minuteMs + 1 },
  ],
  'a create comes through behind its fence': [
    { type: 'create_lands_late', ...first, forMs: 45 * minuteMs },
  ],
  'a create comes through before it is fenced, and the list lags': [
    { type: 'create_lands_late', ...first, forMs: 8 * minuteMs },
    { type: 'list_lags', forMs: 6 * minuteMs },
  ],
  'the answer to a create is lost, and the key is of another project': [
    { type: 'lose_create_reply', ...first },
    { type: 'list_lags', forMs: minuteMs },
    { type: 'other_project', afterMs: 1_000, forMs: 40 * minuteMs },
  ],
  'the answer to a create is lost, and the list is empty though a batch lives': [
    { type: 'lose_create_reply', batch: 2 },
    // A batch that has no other beside it is found before that: nothing could show there that the
    // list lies.
    { type: 'list_lags', batch: 2, forMs: 2 * minuteMs },
    { type: 'list_empty', afterMs: minuteMs, forMs: 25 * minuteMs },
  ],
  'the answer to a create is lost, and the list lacks both batches for hours': [
    { type: 'lose_create_reply', batch: 2 },
    { type: 'list_lags', batch: 2, forMs: 2 * minuteMs },
    { type: 'list_lacks', afterMs: minuteMs, forMs: 5 * 60 * minuteMs },
  ],
  'the answer to a create is lost, and the list does not say where it ends': [
    { type: 'lose_create_reply', ...first },
    { type: 'list_without_has_more' },
  ],
  'creates are lost time and again': [{ type: 'drop_create', times: 11 }],
  'a create is answered with another batch': [{ type: 'create_answers_another', batch: 2 }],
  'an input file is deleted before its create': [
    { type: 'input_file_deleted', ...first, times: 2 },
  ],
  'an input file is deleted before five creates': [
    { type: 'input_file_deleted', batch: 2, times: 5 },
  ],
  'an input file is deleted, and validation notices': [
    { type: 'input_file_deleted', ...first, isSeenLate: true },
  ],
  'a create is doubled, and no batch can be cancelled': [
    { type: 'create_doubled', ...first },
    { type: 'cancel_refused' },
  ],
  'a create is doubled, and cancels are answered with 500': [
    { type: 'create_doubled', ...first },
    { type: 'cancel_refused', statusCode: 500, times: 3 },
  ],
  'a create is doubled': [{ type: 'create_doubled', ...first }],
  'a create is refused for capacity': [
    { type: 'create_refused', reason: 'over_capacity', ...first, times: 2 },
  ],
  'a create is refused for money': [
    { type: 'create_refused', reason: 'insufficient_quota', ...first },
  ],
  'a create is refused for its key': [{ type: 'create_refused', reason: 'unauthorized', ...first }],
  'a create is refused for its plan': [{ type: 'create_refused', reason: 'not_in_plan', ...first }],
  'a create is refused for its region': [{ type: 'create_refused', reason: 'region', ...first }],
  ...each(['upload', 'create'] as const, (at) => [
    [
      `a line is refused at the ${at} of the first batch`,
      { type: 'line_refused', line: 1, at, ...first },
    ],
    [
      `a request is refused by its id at the ${at} of the first batch`,
      { type: 'line_refused', line: 2, at, byId: true, ...first },
    ],
  ]),
  ...each(['file_not_processed', 'file_not_found_after_upload'] as const, (type) => [
    [`${type} for the first batch, for minutes`, { type, ...first, forMs: 4 * minuteMs }],
  ]),
  ...each(notProcessedWords, (message) => [
    [
      `a file is not processed, as "${message}"`,
      { type: 'file_not_processed', message, ...first, forMs: 4 * minuteMs },
    ],
  ]),
  ...each(notFoundWords, (message) => [
    [
      `a file is not found, as "${message}"`,
      { type: 'file_not_found_after_upload', message, ...first, forMs: minuteMs },
    ],
  ]),
  ...each(['files_quota', 'storage_quota'] as const, (reason) => [
    [`an upload is refused for capacity (${reason})`, { type: 'upload_refused', reason, ...first }],
  ]),
  ...Object.fromEntries(
    (['list_refused', 'list_bare', 'list_page_empty'] as const).map((type) => [
      `the answer to a create is lost, and lists are as of ${type} for a while`,
      [
        { type: 'lose_create_reply', batch: 2 },
        { type, afterMs: 1_000, forMs: 25 * minuteMs },
      ] satisfies FaultScript,
    ]),
  ),
  ...each(['counts_null', 'times_iso', 'error_file_empty', 'error_file_blank'] as const, (type) => [
    [`${type} of every batch`, { type }],
  ]),
  'the answer to a create is lost, and lists are answered with 501 for a while': [
    { type: 'lose_create_reply', batch: 2 },
    { type: 'list_refused', statusCode: 501, afterMs: 1_000, forMs: 25 * minuteMs },
  ],
  'an upload fails three times': [{ type: 'upload_fails', statusCode: 500, ...first, times: 3 }],
  'an upload is refused': [{ type: 'upload_fails', statusCode: 400, ...first }],
  'a provider asks to wait for years': [
    {
      type: 'http_error',
      statusCode: 429,
      retryAfterMs: 40 * 365 * 24 * 60 * minuteMs,
      times: 3,
      operation: 'retrieve_batch',
    },
  ],
  'a download is cut twice': [{ type: 'truncated_download', keepRatio: 0.4, ...first, times: 2 }],
  'downloads come packed': [{ type: 'download_encoded', encoding: 'gzip' }],
  'a download comes packed in a way that is not known, twice': [
    { type: 'download_encoded', encoding: 'lzma', ...first, times: 2 },
  ],
  'a batch fails validation for the queue': [
    { type: 'validation_fails', code: 'token_limit_exceeded', ...first },
  ],
  'a batch fails validation for money': [
    { type: 'validation_fails', code: 'insufficient_quota', ...first },
  ],
  'a batch fails validation for its model': [
    { type: 'validation_fails', code: 'model_not_found', ...first },
  ],
  'a batch fails validation on a line': [
    { type: 'validation_fails', code: 'invalid_request', lines: [2], ...first },
  ],
  'a batch fails validation on a line, beside a remark on the whole': [
    {
      type: 'validation_fails',
      code: 'invalid_request',
      lines: [2],
      remark: 'The batch has errors.',
      ...first,
    },
  ],
  'a batch fails validation on a request that is named by its id': [
    { type: 'validation_fails', code: 'invalid_request', lines: [2], byId: true, ...first },
  ],
  'a batch fails validation on lines that it does not have': [
    { type: 'validation_fails', code: 'invalid_request', lines: [7, 99], ...first },
  ],
  'a batch fails validation on a line of its own, and on one beyond': [
    { type: 'validation_fails', code: 'invalid_request', lines: [2, 99], ...first },
  ],
  'four batches fail validation on lines 1, 2, 3 and 4, for a reason each': [
    { type: 'validation_names_lines', codes: ['bad_role', 'bad_model', 'bad_input'], batches: 4 },
  ],
  'a service takes smaller files, and says how large': [
    { type: 'upload_too_large', bytesMax: 1_500 },
  ],
  'a batch fails validation for the size of its file': [
    { type: 'validation_fails', code: 'file_too_large', ...first },
  ],
  'a service takes files of a few requests': [
    { type: 'upload_too_large', bytesMax: 600, statusCode: 400 },
  ],
  'a service refuses a line at the upload': [
    { type: 'line_refused', at: 'upload', line: 2, times: 1 },
  ],
  'a service refuses lines at the create, one after the other': [
    { type: 'line_refused', line: 2, times: 3 },
  ],
  'a service refuses the first line of five uploads, for one reason': [
    { type: 'line_refused', at: 'upload', line: 1, code: 'unsupported_model', times: 5 },
  ],
  'four batches fail validation on their first line, for one reason': [1, 2, 3, 4].map(
    (batch) =>
      ({ type: 'validation_fails', code: 'unsupported_model', lines: [1], batch }) as const,
  ),
  'a batch expires half done': [{ type: 'expires', completedRatio: 0.5, ...first }],
  'a batch expires with nothing done': [{ type: 'expires', completedRatio: 0, ...first }],
  'a batch is cancelled by hand': [{ type: 'cancelled_by_hand', ...first }],
  'a batch completes without files': [{ type: 'completes_without_files', ...first }],
  'files appear late': [{ type: 'files_late', ...first, forMs: 20 * minuteMs }],
  'a batch is slow to finalize': [{ type: 'slow_finalizing', ...first, forMs: 20 * minuteMs }],
  'a batch never ends, though it is asked to cancel': [
    { type: 'never_ends', ...first, ignoresCancel: true },
  ],
  'a batch never ends, and names a file of what it has': [
    { type: 'never_ends', ...first, namesFiles: true },
  ],
  'a batch never ends its validation': [{ type: 'never_ends', at: 'validating', ...first }],
  'a batch finalizes for ever': [{ type: 'never_ends', at: 'finalizing', ...first }],
  'a batch is completed in an unknown status': [
    { type: 'status_shown_as', as: 'finalized', ...first },
  ],
  'batches are completed in capitals': [{ type: 'status_shown_as', as: 'COMPLETED' }],
  'a batch is not found after its create': [
    { type: 'not_found_after_create', ...first, forMs: 3 * minuteMs },
  ],
  'the key is of another project for a while': [
    { type: 'other_project', afterMs: 90_000, forMs: 10 * minuteMs },
  ],
  'everything is down for a weekend': [
    { type: 'connection_lost', afterMs: 90_000, forMs: 60 * 60 * minuteMs },
  ],
  ...each(operations, (operation) => [
    [
      `${operation} answers 503 twice`,
      { type: 'http_error', operation, statusCode: 503, times: 2 },
    ],
    [`${operation} breaks off once`, { type: 'connection_lost', operation, times: 1 }],
    [`${operation} happens, and its answer stalls`, { type: 'body_stalls', operation, times: 1 }],
  ]),
  ...each(
    [
      'rows_missing',
      'rows_duplicated',
      'rows_malformed',
      'rows_unknown_id',
      'rows_truncated',
      'rows_refused',
      'rows_status_zero',
      'rows_timed_out',
    ] as const,
    (type) => [[`${type} in the first batch`, { type, ratio: 0.5, ...first }]],
  ),
  ...each(answersFaults, (type) => [
    [`${type} twice for each file of the first batch`, { type, ...first, times: 2 }],
  ]),
  ...Object.fromEntries(
    answersFaults.map((type) => [
      `${type} in place of the failures of the first batch, whenever they are asked for`,
      [
        { type: 'rows_fail', ratio: 0.5, statusCode: 400, ...first },
        { type, file: 'error', ...first, times: 1_000 },
      ] satisfies FaultScript,
    ]),
  ),
  ...each(['openai', 'azure', 'vllm', 'text'] as const, (form) => [
    [
      `rows fail in the first batch, reported as ${form}`,
      {
        type: 'rows_fail',
        ratio: 0.5,
        statusCode: 400,
        message: "This model's maximum context length is 8 tokens.",
        form,
        ...first,
      },
    ],
  ]),
  'rows fail for money in the first batch, at the top of their lines': [
    {
      type: 'rows_fail',
      ratio: 0.5,
      statusCode: 429,
      code: 'insufficient_quota',
      form: 'azure',
      ...first,
    },
  ],
  'rows fail in the first batch for images that could not be fetched': [
    { type: 'rows_fail', ratio: 0.5, statusCode: 400, code: 'failed_to_download_image', ...first },
  ],
  ...each(answerFormFaults, (type) => [
    [`${type} in the first batch`, { type, ratio: 0.5, ...first }],
  ]),
  ...each(['model_length', 'content_filter', 'error', 'tea_break'], (reason) => [
    [
      `answers end with ${reason} in the first batch`,
      { type: 'rows_end_with', reason, ratio: 0.5, ...first },
    ],
  ]),
  ...each([400, 429, 500], (statusCode) => [
    [
      `rows fail with ${statusCode} in the first batch`,
      { type: 'rows_fail', ratio: 0.5, statusCode, ...first },
    ],
  ]),
};

function each<A>(
  all: readonly A[],
  named: (one: A) => readonly (readonly [string, Fault])[],
): Readonly<Record<string, FaultScript>> {
  return Object.fromEntries(
    all.flatMap((one) => named(one).map(([name, fault]) => [name, [fault]])),
  );
}
