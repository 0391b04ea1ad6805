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
/** A file that the manifest lists. */
export interface ExportedFile extends WrittenFile {
  readonly path: string;
  readonly kind: 'results' | 'output' | 'error';
  /** Null for a file of the whole run. */
  readonly batch: BatchOfFile | null;
}
/** A provider file that is not kept; `path`: where it would be. */
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

/** Version of the manifest format. Readers reject an unknown one. */
export const manifestFormat = 1;

/** Fields of the summary that the manifest contains. */
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

/** The manifest as JSON (snake_case): the run and its exported files. */
export const manifestText = ({
  snapshot,
  exportedAtMs,
  finishedAtMs,
  resultCount,
  files,
  notKept,
}: ManifestInput): string => {
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
    ...Object.fromEntries(
      fromSummary.flatMap((key) => (summary[key] === undefined ? [] : [[key, summary[key]]])),
    ),
    result_count: resultCount,
    files: files.map(({ path, bytes, sha256, kind, lineCount, batch }) => ({
      path,
      bytes,
      sha256,
      kind,
      line_count: lineCount,
      ...batchToWire(batch),
    })),
    raw_files_not_kept: notKept.map(({ path, bytes, kind, batch }) => ({
      path,
      bytes,
      kind,
      ...batchToWire(batch),
    })),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
};

const batchToWire = (batch: BatchOfFile | null): JsonObject =>
  batch === null
    ? {}
    : {
        batch_no: batch.batchNo,
        batch_key: batch.batchKey,
        provider_batch_id: batch.providerBatchId,
      };
