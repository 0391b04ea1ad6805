import type { JsonObject, JsonValue } from '../../../lib/core/json/json.ts';
import type { BatchObject, BlobWriter } from '../../../lib/sim/provider/index.ts';

/** An upload that was begun and not finalized. */
export interface OpenUpload {
  readonly displayName: string;
  readonly mimeType: string;
  readonly blobKey: string;
  readonly writer: BlobWriter;
  /** Bytes that came. */
  bytes: number;
  /** Bytes of the converted lines. */
  written: number;
  requests: number;
  /** The end of a line that is still to come. */
  rest: Buffer;
  readonly faults: Map<string, string>;
}

/** What is known of an uploaded file besides the fake's own. */
export interface SentFile {
  readonly displayName: string;
  readonly mimeType: string;
  /** Bytes as they were uploaded. */
  readonly bytes: number;
  readonly requests: number;
  /** Requests that come back as errors, by their keys, with what is said of each. */
  readonly faults: ReadonlyMap<string, string>;
  /** Of requests that came with the create, in their order; null: it was uploaded. */
  readonly inline: readonly JsonValue[] | null;
}

/** What a create says of its batch. */
export interface SentBatch {
  readonly model: string;
  readonly displayName: string | null;
  readonly isEmbedding: boolean;
}

/** What this service knows besides the fake provider. Ends with the emulator. */
export interface GeminiState {
  readonly uploads: Map<string, OpenUpload>;
  /** By the fake's id of the file. */
  readonly files: Map<string, SentFile>;
  uploadCount: number;
}

export const createState = (): GeminiState => ({
  uploads: new Map(),
  files: new Map(),
  uploadCount: 0,
});

const nothingSent: SentFile = {
  displayName: '',
  mimeType: 'jsonl',
  bytes: 0,
  requests: 0,
  faults: new Map(),
  inline: null,
};

export const sentFileOf = (
  { files }: GeminiState,
  { input_file_id: fileId }: Pick<BatchObject, 'input_file_id'>,
): SentFile => files.get(fileId) ?? nothingSent;

/** A create may make two batches, or one later: what it said goes with the batch, as metadata. */
export const metadataOf = ({ model, displayName }: SentBatch): JsonObject => ({
  model,
  ...(displayName === null ? {} : { display_name: displayName }),
});

export const sentBatchOf = ({ metadata, endpoint }: BatchObject): SentBatch => ({
  model: metadata?.['model'] ?? '',
  displayName: metadata?.['display_name'] ?? null,
  isEmbedding: endpoint === '/v1/embeddings',
});
