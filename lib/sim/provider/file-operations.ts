import { alteredBytes, partOf } from './altered-file.ts';
import type { ByteRange, StoredBlob } from './blobs.ts';
import { expiryFault } from './create-request.ts';
import { customIdsAt } from './custom-id-at.ts';
import { toFileObject, type FileRecord } from './stored-files.ts';
import { pageOf, type PageQuery } from './pages.ts';
import {
  invalidValue,
  missingParameter,
  fileQuotaExceeded,
  noSuchFile,
  refusedLine,
  refusedWith,
  tooLarge,
} from './refusals.ts';
import { done, refused, type Reply } from './reply.ts';
import type { DeletedFile, FileObject, ListPage } from './wire.ts';
import type { ProviderWorld } from './world.ts';

/** An upload. */
export interface CreateFileInput {
  readonly filename: string;
  readonly purpose: string;
  /** The bytes, or a blob that the caller has already written to the provider's store. */
  readonly content: AsyncIterable<Uint8Array> | StoredBlob;
  readonly expiresAfter?: { readonly anchor: string; readonly seconds: number };
}

/** Which files to list. */
export interface FileQuery extends PageQuery {
  readonly purpose?: string;
  /** By creation; default newest first. */
  readonly order?: 'asc' | 'desc';
}

/** The bytes of a file, or a range of them. */
export interface FileContent {
  readonly filename: string;
  /** The size of the whole file, in bytes. */
  readonly totalBytes: number;
  /** The announced range. `chunks` may end earlier, like a broken download. */
  readonly range: ByteRange;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The transfer encoding. */
  readonly encoding?: string;
}

const purposes: readonly string[] = [
  'assistants',
  'batch',
  'fine-tune',
  'vision',
  'user_data',
  'evals',
];

/** Accepts an upload. The caller must delete a stored blob unless the answer is `done`. */
export const createFile = async (
  world: ProviderWorld,
  input: CreateFileInput,
): Promise<Reply<FileObject>> => {
  const uploadNo = world.book.ledger.uploads + 1;
  const refusal = scriptedUploadFault(world, uploadNo) ?? uploadFault(world, input);
  const { content } = input;
  if (refusal !== null) return refusal;
  const bytesMax =
    input.purpose === 'batch' ? world.limits.inputBytesMax : world.limits.fileBytesMax;
  const blob = 'blobKey' in content ? content : await storeContent(world, content, bytesMax);
  if (blob.bytes > bytesMax) {
    if (blob !== content) await world.blobs.remove(blob.blobKey);
    return refused(413, `The file is larger than the limit of ${bytesMax} bytes.`, {
      param: 'file',
    });
  }
  const small = world.faults.mark('upload_too_large', uploadNo);
  if (small !== null && blob.bytes > small.bytesMax) {
    if (blob !== content) await world.blobs.remove(blob.blobKey);
    return tooLarge(small);
  }
  const line = world.faults.strikeLine('upload', uploadNo);
  if (line !== null) {
    const [customId = null] =
      line.byId === true ? await customIdsAt(world, blob.blobKey, [line.line]) : [];
    if (blob !== content) await world.blobs.remove(blob.blobKey);
    return refusedLine(line, customId);
  }
  world.book.uploaded(blob.bytes);
  const unready = world.faults.mark('file_not_processed', uploadNo);
  const unseen = world.faults.mark('file_not_found_after_upload', uploadNo);
  const createdMs = world.nowMs();
  const expirySeconds =
    input.expiresAfter?.seconds ??
    (input.purpose === 'batch' ? world.limits.expirySecondsMax : null);
  return done(
    toFileObject(
      world.files.add({
        ...blob,
        createdMs,
        filename: input.filename,
        purpose: input.purpose,
        expiresMs: expirySeconds === null ? null : createdMs + expirySeconds * 1000,
        batchNo: null,
        project: world.project(),
        processedMs: createdMs + (unready?.forMs ?? 0),
        foundMs: createdMs + (unseen?.forMs ?? 0),
        processedMessage: unready?.message,
        foundMessage: unseen?.message,
      }),
      createdMs,
    ),
  );
};

const scriptedUploadFault = (world: ProviderWorld, uploadNo: number): Reply<never> | null => {
  const failing = world.faults.strike('upload_fails', uploadNo);
  if (failing !== null) return refusedWith(failing.statusCode);
  const full = world.faults.strike('upload_refused', uploadNo);
  return full === null ? null : fileQuotaExceeded[full.reason];
};

const uploadFault = (world: ProviderWorld, input: CreateFileInput): Reply<never> | null => {
  if (input.purpose === '') return missingParameter('purpose');
  if (!purposes.includes(input.purpose))
    return invalidValue(
      'purpose',
      `'${input.purpose}' is not one of [${purposes.map((name) => `'${name}'`).join(', ')}].`,
    );
  if (input.purpose === 'batch' && !input.filename.endsWith('.jsonl')) {
    return refused(400, `Invalid file format for Batch API: ${input.filename} must be .jsonl.`);
  }
  return expiryFault(
    input.expiresAfter === undefined ? undefined : { ...input.expiresAfter },
    'expires_after',
    world.limits,
  );
};

const storeContent = async (
  world: ProviderWorld,
  content: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<StoredBlob> => {
  const blobKey = world.files.nextBlobKey();
  const writer = await world.blobs.create(blobKey);
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    // Too large: reads on to the end without storing, like a server that wants its answer to
    // arrive.
    if (bytes <= bytesMax) await writer.write(chunk);
  }
  await writer.close();
  return { blobKey, bytes };
};

/** The file, if the caller's project can see it. */
const seen = (world: ProviderWorld, id: string): FileRecord | null => {
  const file = world.files.find(id, world.nowMs());
  return file?.project === world.project() ? file : null;
};

export const retrieveFile = (world: ProviderWorld, id: string): Reply<FileObject> => {
  const file = seen(world, id);
  return file === null ? noSuchFile(id) : done(toFileObject(file, world.nowMs()));
};

export const listFiles = (world: ProviderWorld, query: FileQuery): Reply<ListPage<FileObject>> => {
  const order: string = query.order ?? 'desc';
  if (order !== 'asc' && order !== 'desc')
    return invalidValue('order', "Invalid 'order': expected 'asc' or 'desc'.");
  const oldestFirst = world.files
    .list(world.nowMs())
    .filter((file) => file.project === world.project())
    .filter((file) => query.purpose === undefined || file.purpose === query.purpose);
  const files = order === 'asc' ? oldestFirst : [...oldestFirst].reverse();
  const objects = files.map((file) => toFileObject(file, world.nowMs()));
  const page = pageOf(objects, query, {
    limitDefault: world.limits.filePageMax,
    limitMax: world.limits.filePageMax,
  });
  // Unlike a page of batches, a page of files always names its first and last id.
  return page.type === 'done'
    ? done({
        ...page.value,
        first_id: page.value.first_id ?? '',
        last_id: page.value.last_id ?? '',
      })
    : page;
};

export const deleteFile = async (world: ProviderWorld, id: string): Promise<Reply<DeletedFile>> => {
  if (seen(world, id) === null) return noSuchFile(id);
  await world.files.remove(id);
  return done({ id, object: 'file', deleted: true });
};

/**
 * The bytes of a file. A `range.end` beyond the end is clamped; a range that begins there is
 * rejected with 416.
 */
export const fileContent = async (
  world: ProviderWorld,
  id: string,
  range?: Partial<ByteRange>,
): Promise<Reply<FileContent>> => {
  const file = seen(world, id);
  if (file === null) return noSuchFile(id);
  const part = partOf(file);
  const fault =
    part === null || file.batchNo === null
      ? null
      : world.faults.strikeAnswers(file.batchNo, part, file.id);
  if (fault?.type === 'file_gone') return noSuchFile(id);
  if (fault !== null)
    return alteredContent(file, await alteredBytes(world, file, fault.type), range);
  const start = range?.start ?? 0;
  const end = Math.min(range?.end ?? file.bytes, file.bytes);
  if (range !== undefined && start >= end)
    return refused(416, 'The requested range is not satisfiable.');
  const kept = { start, end: start + Math.floor((end - start) * keptRatio(world, file)) };
  const packed =
    file.batchNo === null ? null : world.faults.strike('download_encoded', file.batchNo, file.id);
  const chunks = world.blobs.read(file.blobKey, kept);
  const content = {
    filename: file.filename,
    totalBytes: file.bytes,
    range: { start, end },
    chunks,
  };
  return done(packed === null ? content : { ...content, encoding: packed.encoding });
};

const alteredContent = (
  { filename }: FileRecord,
  bytes: Uint8Array,
  range?: Partial<ByteRange>,
): Reply<FileContent> => {
  const start = range?.start ?? 0;
  const end = Math.min(range?.end ?? bytes.length, bytes.length);
  if (range !== undefined && start >= end)
    return refused(416, 'The requested range is not satisfiable.');
  return done({
    filename,
    totalBytes: bytes.length,
    range: { start, end },
    chunks: once(bytes.subarray(start, end)),
  });
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

const keptRatio = (world: ProviderWorld, file: FileRecord): number =>
  file.batchNo === null
    ? 1
    : (world.faults.strike('truncated_download', file.batchNo, file.id)?.keepRatio ?? 1);
