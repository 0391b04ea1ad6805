import { cancelBatch, createBatch, listBatches, retrieveBatch } from './batch-operations.ts';
import { queueLimitsOf } from './queue-limits.ts';
import { createBatchPool } from './batch-pool.ts';
import { createMemoryBlobs, type BlobStore, type ByteRange } from './blobs.ts';
import { createFaultInjector } from './fault-injector.ts';
import type { Operation } from './faults.ts';
import {
  createFile,
  deleteFile,
  fileContent,
  listFiles,
  retrieveFile,
  type CreateFileInput,
  type FileContent,
  type FileQuery,
} from './file-operations.ts';
import { createStoredFiles } from './stored-files.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { openaiLimits } from './limits.ts';
import type { FakeProviderEnvironment, FakeProviderOptions } from './options.ts';
import type { PageQuery } from './pages.ts';
import { refusedWith } from './refusals.ts';
import { broken, isDone, replyLost, type Reply } from './reply.ts';
import type { BatchObject, DeletedFile, FileObject, ListPage } from './wire.ts';
import type { ProviderWorld } from './world.ts';

/**
 * A batch provider in memory, except for the bytes of its blobs. It does nothing by itself: each
 * call first performs what is due by the given clock. Every answer, rejection and broken connection
 * is a value.
 */
export interface FakeProvider {
  createFile(input: CreateFileInput): Promise<Reply<FileObject>>;
  retrieveFile(id: string): Promise<Reply<FileObject>>;
  listFiles(query?: FileQuery): Promise<Reply<ListPage<FileObject>>>;
  deleteFile(id: string): Promise<Reply<DeletedFile>>;
  fileContent(id: string, range?: Partial<ByteRange>): Promise<Reply<FileContent>>;
  /**
   * The bytes of a file, without a call and without faults, for a service that shows its content in
   * another form; null: there is none.
   */
  readFile(id: string): AsyncIterable<Uint8Array> | null;
  /** Takes the parsed body of `POST /v1/batches`. */
  createBatch(body: unknown): Promise<Reply<BatchObject>>;
  retrieveBatch(id: string): Promise<Reply<BatchObject>>;
  listBatches(query?: PageQuery): Promise<Reply<ListPage<BatchObject>>>;
  cancelBatch(id: string): Promise<Reply<BatchObject>>;
  /** Performs everything that is due by the clock. */
  settle(): Promise<void>;
  /** The provider's own clock. */
  nowMs(): number;
  /**
   * When a batch next changes by itself, in milliseconds; null: never. Virtual time may jump there.
   */
  nextChangeMs(): number | null;
  readonly ledger: Ledger;
  /** Where the caller may write an upload before `createFile` adopts it. Use a fresh key. */
  readonly blobs: BlobStore;
  nextBlobKey(): string;
}

/** A provider with no files and no batches. */
export const createFakeProvider = (
  options: FakeProviderOptions & FakeProviderEnvironment,
): FakeProvider => {
  const seed = options.seed ?? 1;
  const blobs = options.blobs ?? createMemoryBlobs();
  const book = createLedger();
  const openedMs = options.nowMs();
  const world: ProviderWorld = {
    seed,
    blobs,
    book,
    limits: { ...openaiLimits, ...options.limits },
    pace: {
      seed,
      turnaroundMs: options.turnaroundMs ?? { min: 3_600_000, max: 14_400_000 },
      validationMs: options.validationMs ?? 60_000,
      finalizingMs: options.finalizingMs ?? 300_000,
      keepsPartialAnswers: options.keepsPartialAnswers ?? true,
    },
    queue: queueLimitsOf(options),
    answer: options.answer ?? null,
    files: createStoredFiles(blobs, seed),
    faults: createFaultInjector(options.faults ?? [], seed),
    missedFiles: new Set(),
    nowMs: () => options.nowMs(),
    ageMs: () => options.nowMs() - openedMs,
    project: () => (world.faults.isOn('other_project', world.ageMs()) ? 'other' : 'main'),
  };
  const pool = createBatchPool(world);

  /** Counts the call, and applies a scripted outage. */
  const serve = async <A>(
    operation: Operation,
    batchNo: number | null,
    work: () => Reply<A> | Promise<Reply<A>>,
  ): Promise<Reply<A>> => {
    book.call(operation);
    const fault = world.faults.strikeOutage(operation, batchNo, world.ageMs());
    if (fault === null) return work();
    if (fault.type === 'connection_lost') return replyLost;
    if (fault.type === 'http_error')
      return refusedWith(fault.statusCode, fault.retryAfterMs ?? null, fault.message);
    return broken(fault.type === 'body_stalls' ? 'stalls' : 'drips', await work());
  };
  const batchNoOf = (id: string): number | null => pool.find(id)?.batchNo ?? null;
  const batchNoOfFile = (id: string): number | null =>
    world.files.find(id, world.nowMs())?.batchNo ?? null;

  return {
    createFile: async (input) => {
      const reply = await serve('create_file', book.ledger.uploads + 1, () =>
        createFile(world, input),
      );
      if (!isDone(reply) && 'blobKey' in input.content) await blobs.remove(input.content.blobKey);
      return reply;
    },
    retrieveFile: (id) =>
      serve('retrieve_file', batchNoOfFile(id), () => settled(() => retrieveFile(world, id))),
    listFiles: (query = {}) =>
      serve('list_files', null, () => settled(() => listFiles(world, query))),
    deleteFile: (id) =>
      serve('delete_file', batchNoOfFile(id), async () => {
        // Reads that are due happen before the file is deleted.
        await pool.settle(world.nowMs());
        return deleteFile(world, id);
      }),
    fileContent: (id, range) =>
      serve('file_content', batchNoOfFile(id), () => settled(() => fileContent(world, id, range))),
    readFile: (id) => {
      const file = world.files.find(id, world.nowMs());
      return file === null ? null : blobs.read(file.blobKey);
    },
    createBatch: (body) =>
      serve('create_batch', book.ledger.batchesCreated + 1, () => createBatch(world, pool, body)),
    retrieveBatch: (id) =>
      serve('retrieve_batch', batchNoOf(id), () => retrieveBatch(world, pool, id)),
    listBatches: (query = {}) => serve('list_batches', null, () => listBatches(world, pool, query)),
    cancelBatch: (id) => serve('cancel_batch', batchNoOf(id), () => cancelBatch(world, pool, id)),
    settle: () => pool.settle(world.nowMs()),
    nowMs: () => world.nowMs(),
    nextChangeMs: () => pool.nextChangeMs(),
    ledger: book.ledger,
    blobs,
    nextBlobKey: () => world.files.nextBlobKey(),
  };

  async function settled<A>(read: () => A | Promise<A>): Promise<A> {
    await pool.settle(world.nowMs());
    return read();
  }
};
