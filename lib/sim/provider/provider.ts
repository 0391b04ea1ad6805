import { cancelBatch, createBatch, listBatches, retrieveBatch } from './batch-desk.ts';
import { queueLimitsOf } from './queue-limits.ts';
import { createBatchFloor } from './batch-floor.ts';
import { createMemoryBlobs, type BlobStore, type ByteRange } from './blobs.ts';
import { createFaultDesk } from './fault-desk.ts';
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
} from './file-desk.ts';
import { createFileShelf } from './file-shelf.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { openaiLimits } from './limits.ts';
import type { FakeProviderEnvironment, FakeProviderOptions } from './options.ts';
import type { PageQuery } from './pages.ts';
import { refusedWith } from './refusals.ts';
import { broken, isDone, replyLost, type Reply } from './reply.ts';
import type { BatchObject, DeletedFile, FileObject, ListPage } from './wire.ts';
import type { ProviderWorld } from './world.ts';

/**
 * A batch provider that keeps nothing but its blobs' bytes outside memory, and does nothing by itself: whatever is due by the
 * injected clock happens when somebody looks. Every answer, refusal and broken connection is a value.
 */
export interface FakeProvider {
  createFile(input: CreateFileInput): Promise<Reply<FileObject>>;
  retrieveFile(id: string): Promise<Reply<FileObject>>;
  listFiles(query?: FileQuery): Promise<Reply<ListPage<FileObject>>>;
  deleteFile(id: string): Promise<Reply<DeletedFile>>;
  fileContent(id: string, range?: Partial<ByteRange>): Promise<Reply<FileContent>>;
  /** Takes the body of `POST /v1/batches` as it came. */
  createBatch(body: unknown): Promise<Reply<BatchObject>>;
  retrieveBatch(id: string): Promise<Reply<BatchObject>>;
  listBatches(query?: PageQuery): Promise<Reply<ListPage<BatchObject>>>;
  cancelBatch(id: string): Promise<Reply<BatchObject>>;
  /** Lets everything happen that is due by the clock. */
  settle(): Promise<void>;
  /** The provider's own clock. */
  nowMs(): number;
  /** The next time at which a batch changes by itself, or null: where virtual time may jump to. */
  nextChangeMs(): number | null;
  readonly ledger: Ledger;
  /** Where an upload may be written before `createFile` adopts it; the key is fresh. */
  readonly blobs: BlobStore;
  nextBlobKey(): string;
}

/** Opens a provider with no files and no batches. */
export const createFakeProvider = (options: FakeProviderOptions & FakeProviderEnvironment): FakeProvider => {
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
    },
    queue: queueLimitsOf(options),
    answer: options.answer ?? null,
    shelf: createFileShelf(blobs, seed),
    desk: createFaultDesk(options.faults ?? [], seed),
    missedFiles: new Set(),
    nowMs: () => options.nowMs(),
    ageMs: () => options.nowMs() - openedMs,
    project: () => (world.desk.isOn('other_project', world.ageMs()) ? 'other' : 'main'),
  };
  const floor = createBatchFloor(world);

  /** Counts the call, and lets a scripted outage stand in its way. */
  const serve = async <A>(operation: Operation, ordinal: number | null, work: () => Reply<A> | Promise<Reply<A>>): Promise<Reply<A>> => {
    book.call(operation);
    const fault = world.desk.strikeOutage(operation, ordinal, world.ageMs());
    if (fault === null) return work();
    if (fault.type === 'connection_lost') return replyLost;
    if (fault.type === 'http_error') return refusedWith(fault.statusCode, fault.retryAfterMs ?? null);
    return broken(fault.type === 'body_stalls' ? 'stalls' : 'drips', await work());
  };
  const ordinalOfBatch = (id: string): number | null => floor.find(id)?.ordinal ?? null;
  const ordinalOfFile = (id: string): number | null => world.shelf.find(id, world.nowMs())?.batchOrdinal ?? null;

  return {
    createFile: async (input) => {
      const reply = await serve('create_file', book.ledger.uploads + 1, () => createFile(world, input));
      if (!isDone(reply) && 'blobKey' in input.content) await blobs.remove(input.content.blobKey);
      return reply;
    },
    retrieveFile: (id) => serve('retrieve_file', ordinalOfFile(id), () => settled(() => retrieveFile(world, id))),
    listFiles: (query = {}) => serve('list_files', null, () => settled(() => listFiles(world, query))),
    deleteFile: (id) =>
      serve('delete_file', ordinalOfFile(id), async () => {
        // What has read the file by now has read it.
        await floor.settle(world.nowMs());
        return deleteFile(world, id);
      }),
    fileContent: (id, range) => serve('file_content', ordinalOfFile(id), () => settled(() => fileContent(world, id, range))),
    createBatch: (body) => serve('create_batch', book.ledger.batchesCreated + 1, () => createBatch(world, floor, body)),
    retrieveBatch: (id) => serve('retrieve_batch', ordinalOfBatch(id), () => retrieveBatch(world, floor, id)),
    listBatches: (query = {}) => serve('list_batches', null, () => listBatches(world, floor, query)),
    cancelBatch: (id) => serve('cancel_batch', ordinalOfBatch(id), () => cancelBatch(world, floor, id)),
    settle: () => floor.settle(world.nowMs()),
    nowMs: () => world.nowMs(),
    nextChangeMs: () => floor.nextChangeMs(),
    ledger: book.ledger,
    blobs,
    nextBlobKey: () => world.shelf.nextBlobKey(),
  };

  async function settled<A>(read: () => A | Promise<A>): Promise<A> {
    await floor.settle(world.nowMs());
    return read();
  }
};
