import type { JsonObject } from '../../core/json/json.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { WrittenFile } from './export-folder.ts';
import { summaryOf } from '../view/summary.ts';
import { toWire } from '../view/wire.ts';

interface BatchOfFile {
  readonly batchNo: number;
  readonly batchKey: string;
  readonly providerBatchId: string | null;
}
/** A file beside the manifest. */
export interface ExportedFile extends WrittenFile {
  readonly path: string;
  readonly kind: 'results' | 'output' | 'error';
  /** Null: it is of the run. */
  readonly batch: BatchOfFile | null;
}
/** A file that the provider gave, and that is not kept: where it would lie. */
export interface RawFileNotKept {
  readonly path: string;
  readonly kind: 'output' | 'error';
  readonly bytes: number;
  readonly batch: BatchOfFile;
}

export interface ManifestInput {
  readonly snapshot: RunSnapshot;
  readonly exportedAtMs: number;
  readonly finishedAtMs: number;
  readonly resultCount: number;
  readonly files: readonly ExportedFile[];
  readonly notKept: readonly RawFileNotKept[];
}

/** The manifest of this version; a reader refuses one that it does not know. */
export const manifestFormat = 1;

/** Of the summary, what a finished run is remembered by. */
const fromSummary = [
  'status',
  'item_count',
  'item_counts',
  'bad_row_count',
  'shared',
  'batch_count',
  'usage',
  'cost',
  'tokens',
  'defects',
  'last_result_sequence',
];

/** What lies beside it, and of which run: JSON, snake_case. */
export const manifestText = ({ snapshot, exportedAtMs, finishedAtMs, resultCount, files, notKept }: ManifestInput): string => {
  const { config } = snapshot;
  const summary = toWire(summaryOf(snapshot));
  const manifest: JsonObject = {
    format_version: manifestFormat,
    run_id: snapshot.runId,
    job_name: config.jobName,
    model: config.provider.model,
    endpoint: config.provider.endpoint,
    created_at: new Date(snapshot.createdAtMs).toISOString(),
    finished_at: new Date(finishedAtMs).toISOString(),
    exported_at: new Date(exportedAtMs).toISOString(),
    ...Object.fromEntries(fromSummary.flatMap((key) => (summary[key] === undefined ? [] : [[key, summary[key]]]))),
    result_count: resultCount,
    files: files.map(({ path, bytes, sha256, kind, lineCount, batch }) => ({
      path,
      bytes,
      sha256,
      kind,
      line_count: lineCount,
      ...batchToWire(batch),
    })),
    raw_files_not_kept: notKept.map(({ path, bytes, kind, batch }) => ({ path, bytes, kind, ...batchToWire(batch) })),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
};

const batchToWire = (batch: BatchOfFile | null): JsonObject =>
  batch === null ? {} : { batch_no: batch.batchNo, batch_key: batch.batchKey, provider_batch_id: batch.providerBatchId };
