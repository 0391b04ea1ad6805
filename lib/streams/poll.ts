import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { StoredFile } from '../core/batch.ts';
import type { Effect } from '../core/effect.ts';
import { rawObjectName } from '../core/raw-object.ts';
import type { PortError } from '../ports/port-error.ts';
import { createLineCount } from './line-count.ts';
import type { Asked, EnginePorts, Perform } from './ports.ts';

type Of<T extends Effect['type']> = Extract<Effect, { readonly type: T }>;

export const performPoll =
  ({ provider, scheduler }: EnginePorts): Perform<Of<'PollBatches'>> =>
  ({ batches }) =>
    pipe(
      provider.observe(batches),
      TE.map((observations): Asked =>
        TE.right({ type: 'RecordPoll', atMs: scheduler.now(), asked: batches.map((batch) => batch.batchKey), observations }),
      ),
    );

export const performCancel =
  ({ provider, scheduler }: EnginePorts): Perform<Of<'CancelBatch'>> =>
  ({ batchKey, providerBatchId }) =>
    pipe(
      provider.cancel(providerBatchId),
      TE.map((): Asked => TE.right({ type: 'RecordCancelAsked', atMs: scheduler.now(), batchKey })),
    );

/** Brings both raw files into the payload plane, whole, before anything points into them. A cut transfer leaves nothing behind. */
export const performStoreFiles = (ports: EnginePorts): Perform<Of<'StoreFiles'>> => {
  let reading = 0;
  return ({ batchKey, outputFileId, errorFileId }) => {
    reading += 1;
    // Each reading has objects of its own: a committed object is never overwritten.
    const name = (part: 'output' | 'error'): string => rawObjectName(batchKey, part, ports.run.epoch, reading);
    return pipe(
      TE.Do,
      TE.bind('output', () => storeFile(ports, outputFileId, name('output'))),
      TE.bind('error', () => storeFile(ports, errorFileId, name('error'))),
      TE.map(({ output, error }): Asked => {
        const lineCount = (output?.lineCount ?? 0) + (error?.lineCount ?? 0);
        const files = { output: output?.file ?? null, error: error?.file ?? null };
        return TE.right({ type: 'RecordFiles', atMs: ports.scheduler.now(), batchKey, ...files, lineCount });
      }),
    );
  };
};

interface Fetched {
  readonly file: StoredFile;
  readonly lineCount: number;
}

const storeFile = ({ run, provider }: EnginePorts, fileId: string | null, object: string): TE.TaskEither<PortError, Fetched | null> =>
  fileId === null
    ? TE.right(null)
    : pipe(
        provider.download(fileId),
        TE.chain(({ bytes: promised, chunks }) => {
          const transfer = watched(chunks, promised, fileId);
          return pipe(
            run.artifacts.put(object, transfer.chunks),
            // Whatever the store makes of a stream that breaks: the cause is the transfer's weather, not the store's.
            TE.mapLeft((error) => transfer.fault() ?? error),
            TE.map(({ bytes }): Fetched => ({ file: { object, bytes }, lineCount: transfer.lineCount() })),
          );
        }),
      );

interface Transfer {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Why the transfer ended too early; null when it did not. */
  fault(): PortError | null;
  /** Lines that came, blank ones left out. */
  lineCount(): number;
}

const watched = (chunks: AsyncIterable<Uint8Array>, promised: number | null, fileId: string): Transfer => {
  let fault: PortError | null = null;
  const lines = createLineCount();
  const cut = (message: string, cause: unknown): Error => {
    fault = { type: 'transient', message, retryAfterMs: null, cause };
    return new Error(message, { cause });
  };
  async function* pass(): AsyncGenerator<Uint8Array> {
    let seen = 0;
    const source = chunks[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await source.next().catch((cause: unknown) => {
          throw cut(`the download of ${fileId} was cut after ${seen} bytes`, cause);
        });
        if (next.done === true) break;
        seen += next.value.length;
        lines.add(next.value);
        yield next.value;
      }
    } finally {
      await source.return?.().catch(() => undefined);
    }
    if (promised !== null && seen !== promised) throw cut(`the download of ${fileId} ended after ${seen} of ${promised} bytes`, null);
  }
  return { chunks: pass(), fault: () => fault, lineCount: () => lines.count() };
};
