import type { RowFault } from './row-faults.ts';
import type { BatchStatus } from './states.ts';

export { answerFormFaults, type AnswerFormFault, type ErrorForm, errorForms, type RowFault } from './row-faults.ts';

/** What can be asked of the provider; faults may aim at one of them. */
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
 * Which batch a fault hits. All given conditions must hold; with none it hits always. Batches count from 1 in order of
 * creation. A fault that hits before its batch exists aims at the batch that would be next; an upload fault, at the next upload.
 */
export interface When {
  readonly batch?: number;
  /** Every n-th batch. */
  readonly everyBatch?: number;
  /** From 0 to 1, drawn from the seed. */
  readonly probability?: number;
}

/**
 * How often a fault on a single call hits. With `batch` or `everyBatch`: for each batch, 1 unless said. Without: in all,
 * without end unless said.
 */
export interface Times {
  readonly times?: number;
}

/** Faults that hit one call. */
export type CallFault =
  /** The batch exists, the answer does not arrive. */
  | ({ readonly type: 'lose_create_reply' } & Times)
  /** Neither the batch nor the answer. */
  | ({ readonly type: 'drop_create' } & Times)
  /** No answer arrives, and the batch comes to be only so much later. */
  | ({ readonly type: 'create_lands_late'; readonly forMs: number } & Times)
  /** The request is doubled on its way: two batches, and no answer. */
  | ({ readonly type: 'create_doubled' } & Times)
  /** The batch exists, and the answer shows another one: the oldest there is. Where there is no other, it is as it should be. */
  | ({ readonly type: 'create_answers_another' } & Times)
  /** The input file is deleted right before its create; the create is refused for it, or (`isSeenLate`) the batch fails validation. */
  | ({ readonly type: 'input_file_deleted'; readonly isSeenLate?: boolean } & Times)
  /** The cancel is refused, with 400 or another status, and nothing happens. */
  | ({ readonly type: 'cancel_refused'; readonly statusCode?: number } & Times)
  | ({ readonly type: 'upload_fails'; readonly statusCode: number } & Times)
  /** Files of more bytes are refused: with 413 by a proxy (default), or by the service with another status. */
  | { readonly type: 'upload_too_large'; readonly bytesMax: number; readonly statusCode?: number }
  /** There is no room for another file. */
  | ({ readonly type: 'upload_refused'; readonly reason: 'files_quota' | 'storage_quota' } & Times)
  /**
   * The service reads the file at once: a 400 names a line of it, counted from 1, or (`byId`) the request on that line by its `custom_id`. By default at
   * the create.
   */
  | ({
      readonly type: 'line_refused';
      readonly line: number;
      readonly at?: 'upload' | 'create';
      readonly code?: string;
      readonly byId?: boolean;
    } & Times)
  | ({ readonly type: 'create_refused'; readonly reason: CreateRefusal } & Times)
  /** The stream ends after `keepRatio` of the bytes that were promised. */
  | ({ readonly type: 'truncated_download'; readonly keepRatio: number } & Times)
  /** The file comes packed as `content-encoding` says, though it was asked for as it is. Other names than `gzip`, `deflate` and `br` stand for encodings that are not known. */
  | ({ readonly type: 'download_encoded'; readonly encoding: string } & Times)
  | AnswersFault
  /** Any operation, or the one named, answers with this status and does nothing. */
  | ({ readonly type: 'http_error'; readonly statusCode: number; readonly retryAfterMs?: number } & Outage)
  /** Any operation, or the one named, breaks off without an answer and does nothing. */
  | ({ readonly type: 'connection_lost' } & Outage)
  /** Any operation, or the one named, does what it is asked; of its answer come the headers and half of the body, and then nothing, or (`body_drips`) a byte a second for ever. */
  | ({ readonly type: 'body_stalls' | 'body_drips' } & Outage)
  /** The key of these days belongs to another project: what is there from other days is not to be seen. */
  | ({ readonly type: 'other_project' } & Pick<Outage, 'afterMs' | 'forMs'>)
  /** Lists of batches are empty, though batches are there. */
  | ({ readonly type: 'list_empty' } & Pick<Outage, 'afterMs' | 'forMs'>)
  /** Lists of batches say neither whether there is more nor where they end. */
  | ({ readonly type: 'list_without_has_more' } & Pick<Outage, 'afterMs' | 'forMs'>)
  /** A service without lists of batches: 405, or another status. */
  | ({ readonly type: 'list_refused'; readonly statusCode?: number } & Pick<Outage, 'afterMs' | 'forMs'>)
  /** A list of batches is an array, not an object that holds one. */
  | ({ readonly type: 'list_bare' } & Pick<Outage, 'afterMs' | 'forMs'>)
  /** The first page of batches is empty, and says that there is more. */
  | ({ readonly type: 'list_page_empty' } & Pick<Outage, 'afterMs' | 'forMs'>);

/** Why a create is refused: the queue, money, the key, the plan that was bought, or the country of the caller. */
export type CreateRefusal = 'over_capacity' | 'insufficient_quota' | 'unauthorized' | 'not_in_plan' | 'region';

/** All of them, in one list. */
export const createRefusals: readonly CreateRefusal[] = ['over_capacity', 'insufficient_quota', 'unauthorized', 'not_in_plan', 'region'];

/** Faults on one download of a batch's file: it comes whole, with status 200 and a length that fits, and is not what the batch answered. */
export type AnswersFault = Times & {
  readonly type:
    /** A proxy's page. */
    | 'answers_html'
    /** The file in UTF-16. */
    | 'answers_utf16'
    /** Without the end of its last line. */
    | 'answers_cut_line'
    /** Packed with gzip, and no header says so. */
    | 'answers_gzip'
    /** The file of another batch; where there is none, the same lines under the ids of another run. */
    | 'answers_of_another'
    /** 404. */
    | 'file_gone';
  /** Only the one file; default both. */
  readonly file?: 'output' | 'error';
};

/** Those faults, in one list. */
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
  /** It begins so long after the provider opened; default at once. */
  readonly afterMs?: number;
  /** It lasts so long; default for ever. */
  readonly forMs?: number;
}

/** Faults that shape the whole life of a batch. */
export type BatchFault =
  /**
   * Fails validation, on these 1-based lines if given, in words of the script's own if it has some. `byId`: its entries have no lines, and words that
   * name the requests on those lines by their ids. `remark`: an entry without a line follows, in these words.
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
   * Fails validation on one line, whatever it holds: the n-th batch on its line n (or its last), for the n-th of these codes, which come in turn. The
   * first so many batches do; default all.
   */
  | { readonly type: 'validation_names_lines'; readonly codes: readonly string[]; readonly batches?: number }
  /** Reaches the end of its window with this share of its requests answered. */
  | { readonly type: 'expires'; readonly completedRatio: number }
  | { readonly type: 'completes_without_files' }
  /** Retrieving and cancelling answer 404 for so long after creation. */
  | { readonly type: 'not_found_after_create'; readonly forMs: number }
  /** Stays in `finalizing`, counts already full, for so much longer. */
  | { readonly type: 'slow_finalizing'; readonly forMs: number }
  /**
   * Never leaves this status (default `in_progress`, in which it stands still half answered), not even past its expiry. A cancel ends it, unless it is
   * `cancelling` that never ends, or (`ignoresCancel`) cancels are answered and change nothing. `namesFiles`: one that stays
   * `in_progress` names a file of what it has answered.
   */
  | {
      readonly type: 'never_ends';
      readonly at?: 'validating' | 'in_progress' | 'finalizing' | 'cancelling';
      readonly ignoresCancel?: boolean;
      readonly namesFiles?: boolean;
    }
  /** Where its status is this one (default `completed`), it is shown as another word. */
  | { readonly type: 'status_shown_as'; readonly as: string; readonly status?: BatchStatus }
  /** Lists do not show the batch for so long after creation. */
  | { readonly type: 'list_lags'; readonly forMs: number }
  /** Lists leave the batch out for a while, though they may have shown it before. */
  | ({ readonly type: 'list_lacks' } & Pick<Outage, 'afterMs' | 'forMs'>)
  /** Ended, but with no file ids for so long. */
  | { readonly type: 'files_late'; readonly forMs: number }
  /**
   * Its input file is `uploaded` and not `processed` for so long, and creates on it are refused meanwhile, in words of the script's own if it has some.
   * Aims at an upload.
   */
  | { readonly type: 'file_not_processed'; readonly forMs: number; readonly message?: string }
  /** Creates do not find its input file for so long, though it can be retrieved; `message` as above. Aims at an upload. */
  | { readonly type: 'file_not_found_after_upload'; readonly forMs: number; readonly message?: string }
  /** Its counts are null until it has ended, and its times are texts: as Azure's REST samples have them. */
  | { readonly type: 'counts_null' }
  | { readonly type: 'times_iso' }
  /** Ended without error lines, it names an error file of no bytes, as Azure does. */
  | { readonly type: 'error_file_empty' }
  /** Ended without an error file, it says `""` where others say null. */
  | { readonly type: 'error_file_blank' }
  /** Somebody cancels it in the dashboard when this share of its requests is answered (default half). */
  | { readonly type: 'cancelled_by_hand'; readonly completedRatio?: number };

/** One thing that the provider does wrong, and when. Plain data: a test, the emulator and the command line share it. */
export type Fault = When & (CallFault | BatchFault | RowFault);

/** Everything that goes wrong, in order of precedence. */
export type FaultScript = readonly Fault[];

/** The fault of one type. */
export type FaultOf<Type extends Fault['type']> = Extract<Fault, { readonly type: Type }>;

/** True for a fault that names batches, and so counts its `times` for each of them. */
export const isAimed = (when: When): boolean => when.batch !== undefined || when.everyBatch !== undefined;

/** True when the n-th batch (from 1) is one that the fault names; probability is another matter. */
export const aimsAt = (when: When, ordinal: number): boolean =>
  (when.batch === undefined || when.batch === ordinal) && (when.everyBatch === undefined || ordinal % when.everyBatch === 0);
