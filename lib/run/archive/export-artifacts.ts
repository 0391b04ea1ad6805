import { isLeft } from 'fp-ts/lib/Either.js';
import { join } from 'node:path';
import type { BatchRecord } from '../../core/model/batch-record.ts';
import type { StoredFile } from '../../core/model/batch.ts';
import type { ExportNote, RunSnapshot } from '../../core/model/snapshot.ts';
import { PayloadError } from '../../ports/payload-error.ts';
import type { RunReader } from '../../ports/run-store.ts';
import { openCompact } from '../../effects/results/compact-reader.ts';
import type { ArtifactExport } from './artifacts.ts';
import { BatchorError } from '../api/errors.ts';
import { type FolderDraft, writeWholeFolder } from './export-folder.ts';
import { must, toBatchorError } from '../api/interop.ts';
import { type ExportedFile, manifestText, type RawFileNotKept } from './manifest.ts';
import type { ResultText } from '../api/run.ts';

/** What an export needs from the handle. */
export interface ExportContext {
  /** Reader of the finished run. */
  readonly reader: RunReader;
  readonly snapshot: RunSnapshot;
  readonly results: (options: { readonly signal?: AbortSignal }) => AsyncIterable<ResultText>;
  readonly nowMs: () => number;
  /** Records the export in the run. */
  readonly note: (exported: ExportNote) => Promise<void>;
}

// The row indexes of a scattered batch take a few hundred kilobytes.
const pageBatches = 20;

/**
 * Exports raw files, results in input order, and last a manifest with size and SHA-256 of each. The
 * folder appears once it is complete. Then records the export in the run. Memory: a page of results
 * or a chunk of a file, and a manifest line per file. Throws `artifact_missing`, `store_corrupt`.
 */
export const exportArtifacts = async (
  given: string,
  { signal }: { readonly signal?: AbortSignal },
  context: ExportContext,
): Promise<ArtifactExport> => {
  const { snapshot, nowMs, note } = context;
  signal?.throwIfAborted();
  const written = await writeWholeFolder(given, async (draft) => {
    const { files, notKept } = await writeRawFiles(draft, context, signal);
    let resultCount = 0;
    async function* texts(): AsyncGenerator<string> {
      for await (const { text, count } of context.results(signal === undefined ? {} : { signal })) {
        yield text;
        resultCount += count;
      }
    }
    const results = await draft.write('results.jsonl', texts());
    files.push({ path: 'results.jsonl', kind: 'results', ...results, batch: null });
    const finishedAtMs = await finishedAt(context.reader, snapshot);
    const text = manifestText({
      snapshot,
      exportedAtMs: nowMs(),
      finishedAtMs,
      resultCount,
      files,
      notKept,
    });
    const manifest = await draft.write('manifest.json', [text]);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return { fileCount: files.length, bytes, resultCount, manifestSha256: manifest.sha256 };
  });
  const { path, ...counts } = written;
  await note({ atMs: nowMs(), destination: given, ...counts });
  const { fileCount, bytes, resultCount } = counts;
  return {
    destinationDir: path,
    manifestPath: join(path, 'manifest.json'),
    fileCount,
    bytes,
    resultCount,
  };
};

const writeRawFiles = async (
  draft: FolderDraft,
  { reader }: ExportContext,
  signal: AbortSignal | undefined,
): Promise<{ readonly files: ExportedFile[]; readonly notKept: readonly RawFileNotKept[] }> => {
  const files: ExportedFile[] = [];
  const notKept: RawFileNotKept[] = [];
  for (let next = 1; ;) {
    const records = await must(reader.batches(next, pageBatches), { runId: reader.runId });
    if (records.length === 0) return { files, notKept };
    for (const record of records) {
      for (const kind of ['output', 'error'] as const) {
        const file = record.files?.[kind];
        if (!file) continue;
        const path = `raw/${record.batchNo}-${record.batchKey}/${kind}.jsonl`;
        const exported = await writeRawFile(draft, reader, file, path, signal);
        if (exported === null) notKept.push({ path, kind, bytes: file.bytes, batch: record });
        else files.push({ path, kind, ...exported, batch: batchOf(record) });
      }
    }
    next += records.length;
  }
};

const batchOf = ({ batchNo, batchKey, providerBatchId }: BatchRecord): ExportedFile['batch'] => ({
  batchNo,
  batchKey,
  providerBatchId,
});

/** Null if the file is not kept. */
const writeRawFile = async (
  draft: FolderDraft,
  { runId, artifacts }: RunReader,
  { object, bytes }: StoredFile,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Awaited<ReturnType<FolderDraft['write']>> | null> => {
  signal?.throwIfAborted();
  const chunks = await artifacts.read(object)();
  if (isLeft(chunks)) {
    if (chunks.left.type !== 'not_found') throw toBatchorError(chunks.left, { runId });
    const compact = await openCompact(artifacts, object)();
    if (!isLeft(compact)) return null;
    throw new BatchorError(
      'artifact_missing',
      { object },
      `run ${runId}: ${chunks.left.message}, and there is no copy of its answers`,
      `Nothing was exported. Check the run for more damage: \`batchor verify --run-id ${runId}\`.`,
    );
  }
  async function* watched(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of source) {
        signal?.throwIfAborted();
        yield chunk;
      }
    } catch (cause) {
      throw cause instanceof PayloadError ? toBatchorError(cause.error, { runId }) : cause;
    }
  }
  const written = await draft.write(path, watched(chunks.right));
  if (written.bytes === bytes) return written;
  const message = `raw file ${object} has ${written.bytes} bytes, but was stored with ${bytes}`;
  throw new BatchorError(
    'store_corrupt',
    { where: object, runId },
    message,
    `Nothing was exported. Keep the run as it is, and check it for more damage: \`batchor verify --run-id ${runId}\`.`,
  );
};

const pageEvents = 1_000;

/** When the last row ended. Later events are exports and prunes. */
const finishedAt = async (reader: RunReader, snapshot: RunSnapshot): Promise<number> => {
  for (let cursor = 0; ;) {
    const page = await must(reader.eventsAfter(cursor, pageEvents), { runId: reader.runId });
    const found = page.find(({ eventType }) => eventType === 'run_finished');
    if (found !== undefined) return found.atMs;
    const last = page[page.length - 1];
    if (last === undefined) return snapshot.updatedAtMs;
    cursor = last.sequence;
  }
};
