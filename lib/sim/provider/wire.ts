import type { BatchStatus } from './states.ts';

/** OpenAI's File object. */
export interface FileObject {
  readonly object: 'file';
  readonly id: string;
  readonly purpose: string;
  readonly filename: string;
  readonly bytes: number;
  /** Unix seconds, like all `_at` fields. */
  readonly created_at: number;
  readonly expires_at: number | null;
  readonly status: 'uploaded' | 'processed' | 'error';
  readonly status_details: string | null;
}

/** One entry of `errors.data` on a batch that failed validation; `line` is 1-based. */
export interface BatchErrorEntry {
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
  readonly line: number | null;
}

/**
 * How many requests of a batch there are, and how many are answered or failed, in OpenAI's shape.
 */
export interface RequestCounts {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
}

/** Token totals of a batch. */
export interface BatchUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number };
  readonly output_tokens_details: { readonly reasoning_tokens: number };
}

/**
 * OpenAI's Batch object. Absent values are null on the wire, though SDK types call them optional.
 */
export interface BatchObject {
  readonly id: string;
  readonly object: 'batch';
  readonly endpoint: string;
  /** Null during validation, then the dated snapshot. */
  readonly model: string | null;
  readonly errors: { readonly object: 'list'; readonly data: readonly BatchErrorEntry[] } | null;
  readonly input_file_id: string;
  readonly completion_window: string;
  /** Usually one of OpenAI's statuses. */
  readonly status: BatchStatus | (string & {});
  readonly output_file_id: string | null;
  /** Some services send an empty string instead of null. */
  readonly error_file_id: string | null;
  /** Unix seconds, like all times of a batch; some services write them as texts. */
  readonly created_at: number;
  readonly in_progress_at: number | null;
  readonly expires_at: number | null;
  readonly finalizing_at: number | null;
  readonly completed_at: number | null;
  readonly failed_at: number | null;
  readonly expired_at: number | null;
  readonly cancelling_at: number | null;
  readonly cancelled_at: number | null;
  readonly request_counts: RequestCounts;
  /** Zeros until the batch has ended. */
  readonly usage: BatchUsage;
  readonly metadata: Readonly<Record<string, string>> | null;
}

/** A page of a list, newest first by default. On an empty page the ids are absent or empty. */
export interface ListPage<A> {
  readonly object: 'list';
  readonly data: readonly A[];
  readonly first_id?: string;
  readonly last_id?: string;
  /** Some services leave it out. */
  readonly has_more?: boolean;
}

/** The answer to the deletion of a file, in OpenAI's shape. */
export interface DeletedFile {
  readonly id: string;
  readonly object: 'file';
  readonly deleted: true;
}

/** The content of OpenAI's `{"error": …}` body. */
export interface ApiError {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}
