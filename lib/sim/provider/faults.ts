import type { RowFault } from './row-faults.ts';
import type { BatchStatus } from './states.ts';

export {
  answerFormFaults,
  type AnswerFormFault,
  type ErrorForm,
  errorForms,
  type RowFault,
} from './row-faults.ts';

/** The operations of the provider; a fault may aim at one of them. */
export type Operation =
  | 'create_file'
  | 'retrieve_file'
  | 'list_files'
  | 'delete_file'
  | 'file_content'
  | 'create_batch'
  | 'retrieve_batch'
  | 'list_batches'
  | 'cancel_batch';

/** Every operation, in one list. */
export const operations: readonly Operation[] = [
  'create_file',
  'retrieve_file',
  'list_files',
  'delete_file',
  'file_content',
  'create_batch',
  'retrieve_batch',
  'list_batches',
  'cancel_batch',
];

/**
 * Which batches a fault hits. All given conditions must hold; with none it hits always. Batches
 * count from 1 in order of creation. A fault before its batch exists aims at the next batch; an
 * upload fault, at the next upload.
 */
export interface When {
  readonly batch?: number;
  /** Every n-th batch. */
  readonly everyBatch?: number;
  /** From 0 to 1, drawn from the seed. */
  readonly probability?: number;
}

/**
 * How often a fault on a single call hits. With `batch` or `everyBatch`: per batch (default 1).
 * Without: in total (default unlimited).
 */
export interface Times {
  readonly times?: number;
}

/** Faults that hit one call. */
export type CallFault =
  /** The batch is created, but the answer is lost. */
  | ({ readonly type: 'lose_create_reply' } & Times)
  /** No batch is created, and the answer is lost. */
  | ({ readonly type: 'drop_create' } & Times)
  /** The answer is lost, and the batch is created `forMs` later. */
  | ({ readonly type: 'create_lands_late'; readonly forMs: number } & Times)
  /** The request arrives twice: two batches, and the answer is lost. */
  | ({ readonly type: 'create_doubled' } & Times)
  /** The batch is created, but the answer shows the oldest batch instead, if there is another. */
  | ({ readonly type: 'create_answers_another' } & Times)
  /**
   * The input file is deleted right before its create. The create is rejected because of that, or
   * (`isSeenLate`) the batch fails validation.
   */
  | ({ readonly type: 'input_file_deleted'; readonly isSeenLate?: boolean } & Times)
  /** The cancel is rejected with 400 or another status, and nothing happens. */
  | ({ readonly type: 'cancel_refused'; readonly statusCode?: number } & Times)
  | ({ readonly type: 'upload_fails'; readonly statusCode: number } & Times)
  /**
   * Files of more bytes are rejected: with 413 by a proxy (default), or by the service with another
   * status.
   */
  | { readonly type: 'upload_too_large'; readonly bytesMax: number; readonly statusCode?: number }
  /** The file quota is used up. */
  | ({ readonly type: 'upload_refused'; readonly reason: 'files_quota' | 'storage_quota' } & Times)
  /**
   * The service reads the file at once: a 400 names a line of it, counted from 1, or (`byId`) the
   * request on that line by its `custom_id`. Default at the create.
   */
  | ({
      readonly type: 'line_refused';
      readonly line: number;
      readonly at?: 'upload' | 'create';
      readonly code?: string;
      readonly byId?: boolean;
    } & Times)
  | ({ readonly type: 'create_refused'; readonly reason: CreateRefusal } & Times)
  /** The stream ends after `keepRatio` of the announced bytes. */
  | ({ readonly type: 'truncated_download'; readonly keepRatio: number } & Times)
  /**
   * The file is encoded as `content-encoding` says, though the client did not ask for that. Names
   * other than `gzip`, `deflate` and `br` stand for unknown encodings.
   */
  | ({ readonly type: 'download_encoded'; readonly encoding: string } & Times)
  | AnswersFault
  /**
   * Any operation, or the given one, answers with this status and does nothing. `message` replaces
   * that of the status.
   */
  | ({
      readonly type: 'http_error';
      readonly statusCode: number;
      readonly retryAfterMs?: number;
      readonly message?: string;
    } & Outage)
  /** Any operation, or the given one, breaks off without an answer and does nothing. */
  | ({ readonly type: 'connection_lost' } & Outage)
  /**
   * Any operation, or the given one, is performed. Its answer has the headers and half of the body,
   * and then stalls, or (`body_drips`) sends a byte a second for ever.
   */
  | ({ readonly type: 'body_stalls' | 'body_drips' } & Outage)
  /** Meanwhile the key belongs to another project: files and batches from before are hidden. */
  | ({ readonly type: 'other_project' } & Pick<Outage, 'afterMs' | 'forMs'>)
  /** Lists of batches are empty, though there are batches. */
  | ({ readonly type: 'list_empty' } & Pick<Outage, 'afterMs' | 'forMs'>)
  /** Lists of batches have neither `has_more` nor a last id. */
  | ({ readonly type: 'list_without_has_more' } & Pick<Outage, 'afterMs' | 'forMs'>)
  /** A service without lists of batches: 405, or another status. */
  | ({ readonly type: 'list_refused'; readonly statusCode?: number } & Pick<
      Outage,
      'afterMs' | 'forMs'
    >)
  /** A list of batches is an array instead of an object. */
  | ({ readonly type: 'list_bare' } & Pick<Outage, 'afterMs' | 'forMs'>)
  /** Pages of batches hold at most `itemsMax`, however many are asked for. */
  | ({ readonly type: 'list_pages_short'; readonly itemsMax: number } & Pick<
      Outage,
      'afterMs' | 'forMs'
    >)
  /** The first page of batches is empty, with `has_more` true. */
  | ({ readonly type: 'list_page_empty' } & Pick<Outage, 'afterMs' | 'forMs'>);

/**
 * Why a create is rejected: the queue, the account's balance, the key, its plan, or the caller's
 * country.
 */
export type CreateRefusal =
  'over_capacity' | 'insufficient_quota' | 'unauthorized' | 'not_in_plan' | 'region';

/** Every reason, in one list. */
export const createRefusals: readonly CreateRefusal[] = [
  'over_capacity',
  'insufficient_quota',
  'unauthorized',
  'not_in_plan',
  'region',
];

/**
 * Faults on one download of a batch's file: it arrives complete, with status 200 and a matching
 * length, but with other content.
 */
export type AnswersFault = Times & {
  readonly type:
    /** The HTML page of a proxy. */
    | 'answers_html'
    /** The file in UTF-16. */
    | 'answers_utf16'
    /** Without the end of its last line. */
    | 'answers_cut_line'
    /** Compressed with gzip, without a header that says so. */
    | 'answers_gzip'
    /** The file of another batch; if there is none, the same lines with the ids of another run. */
    | 'answers_of_another'
    /** 404. */
    | 'file_gone';
  /** Only this file (default both). */
  readonly file?: 'output' | 'error';
};

/** Every answers fault, in one list. */
export const answersFaults: readonly AnswersFault['type'][] = [
  'answers_html',
  'answers_utf16',
  'answers_cut_line',
  'answers_gzip',
  'answers_of_another',
  'file_gone',
];

/** Which calls an outage hits. */
export interface Outage extends Times {
  readonly operation?: Operation;
  /** When it begins, in milliseconds after the provider opened (default at once). */
  readonly afterMs?: number;
  /** How many milliseconds it lasts (default for ever). */
  readonly forMs?: number;
}

/** Faults that shape the whole life of a batch. */
export type BatchFault =
  /**
   * Fails validation, on these 1-based lines if given, with the script's message if it has one.
   * `byId`: its entries have no lines, and messages that name the requests by their ids. `remark`:
   * an entry without a line follows, with this message.
   */
  | {
      readonly type: 'validation_fails';
      readonly code: string;
      readonly lines?: readonly number[];
      readonly message?: string;
      readonly param?: string;
      readonly byId?: boolean;
      readonly remark?: string;
    }
  /**
   * Fails validation on one line, whatever its content: the n-th batch on its line n (or its last),
   * with the n-th of these codes, which repeat. `batches`: only the first so many batches (default
   * all).
   */
  | {
      readonly type: 'validation_names_lines';
      readonly codes: readonly string[];
      readonly batches?: number;
    }
  /** Reaches the end of its window with this share of its requests answered. */
  | { readonly type: 'expires'; readonly completedRatio: number }
  | { readonly type: 'completes_without_files' }
  /** Retrieving and cancelling answer 404 for this time after creation. */
  | { readonly type: 'not_found_after_create'; readonly forMs: number }
  /** Stays in `finalizing`, with full counts, for this additional time. */
  | { readonly type: 'slow_finalizing'; readonly forMs: number }
  /**
   * Never leaves this status, not even past its expiry. The default `in_progress` stops half
   * answered. A cancel ends the batch, unless the status is `cancelling`, or (`ignoresCancel`)
   * cancels are answered without effect. `namesFiles`: a batch that stays `in_progress` names a
   * file of its answers.
   */
  | {
      readonly type: 'never_ends';
      readonly at?: 'validating' | 'in_progress' | 'finalizing' | 'cancelling';
      readonly ignoresCancel?: boolean;
      readonly namesFiles?: boolean;
    }
  /** This status (default `completed`) is shown under another name. */
  | { readonly type: 'status_shown_as'; readonly as: string; readonly status?: BatchStatus }
  /** Lists do not show the batch for this time after creation. */
  | { readonly type: 'list_lags'; readonly forMs: number }
  /** Lists leave the batch out for a while, even after they have shown it. */
  | ({ readonly type: 'list_lacks' } & Pick<Outage, 'afterMs' | 'forMs'>)
  /** Ended, but without file ids for this time. */
  | { readonly type: 'files_late'; readonly forMs: number }
  /**
   * Its input file is `uploaded` and not `processed` for this time. Creates on it are rejected
   * meanwhile, with the script's message if it has one. Aims at an upload.
   */
  | { readonly type: 'file_not_processed'; readonly forMs: number; readonly message?: string }
  /**
   * Creates do not find its input file for this time, though it can be retrieved; `message` as
   * above. Aims at an upload.
   */
  | {
      readonly type: 'file_not_found_after_upload';
      readonly forMs: number;
      readonly message?: string;
    }
  /**
   * Its counts are null until it has ended, and its times are texts, as in Azure's REST samples.
   */
  | { readonly type: 'counts_null' }
  | { readonly type: 'times_iso' }
  /** Ended without error lines, it names an empty error file, as Azure does. */
  | { readonly type: 'error_file_empty' }
  /** Ended without an error file, it has `""` instead of null. */
  | { readonly type: 'error_file_blank' }
  /**
   * It is cancelled in the dashboard when this share of its requests is answered (default half).
   */
  | { readonly type: 'cancelled_by_hand'; readonly completedRatio?: number };

/**
 * One fault of the provider, and when it hits. Plain data, shared by tests, the emulator and the
 * command line.
 */
export type Fault = When & (CallFault | BatchFault | RowFault);

/** All faults, in order of precedence. */
export type FaultScript = readonly Fault[];

/** The fault of one type. */
export type FaultOf<Type extends Fault['type']> = Extract<Fault, { readonly type: Type }>;

/** True for a fault that names batches, and so counts its `times` for each of them. */
export const isAimed = (when: When): boolean =>
  when.batch !== undefined || when.everyBatch !== undefined;

/** True when the n-th batch (from 1) is one that the fault names, regardless of its probability. */
export const aimsAt = (when: When, batchNo: number): boolean =>
  (when.batch === undefined || when.batch === batchNo) &&
  (when.everyBatch === undefined || batchNo % when.everyBatch === 0);
