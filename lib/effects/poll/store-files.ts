import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { StoredFile } from '../../core/model/batch.ts';
import type { FileCensus } from '../../core/model/files-census.ts';
import type { Effect } from '../../core/model/effect.ts';
import type { BatchKey } from '../../core/values/ids.ts';
import type { IndexSet } from '../../core/values/index-set.ts';
import { isEarlierReading, rawFolderOf, rawObjectName } from '../../core/settle/raw-object.ts';
import type { PortError } from '../../ports/port-error.ts';
import type { IdsOfBatches } from '../settle/adopted-ids.ts';
import { type Census, createCensus } from './file-census.ts';
import { messageOf } from '../faults.ts';
import { createLineColumns, type LinesKept } from '../settle/line-columns.ts';
import type { Asked, EnginePorts, Perform } from '../ports.ts';

type Of<T extends Effect['type']> = Extract<Effect, { readonly type: T }>;

/** A file as it came; or the provider's answer that it does not have it. */
type Fetched =
  { readonly file: StoredFile; readonly census: FileCensus } | { readonly gone: PortError };

/**
 * Brings both raw files into the payload plane, whole, before anything points into them, and says
 * what they are. A cut transfer leaves nothing behind. Where one of two files is gone, the other is
 * kept.
 */
export const performStoreFiles = (
  ports: EnginePorts,
  kept: LinesKept,
  ids: IdsOfBatches,
): Perform<Of<'StoreFiles'>> => {
  const { run, provider, scheduler } = ports;
  let reading = 0;
  return ({ batchKey, outputFileId, errorFileId }) => {
    reading += 1;
    // Each reading has objects of its own: a committed object is never overwritten.
    const own = { epoch: run.epoch, reading };
    const name = (part: 'output' | 'error'): string =>
      rawObjectName(batchKey, part, own.epoch, own.reading);
    return pipe(
      TE.Do,
      TE.bind('sent', () => rowsSent(ports, batchKey)),
      TE.bind('customIds', () => ids.of(batchNoOf(ports, batchKey) ?? 0)),
      TE.chain(({ sent, customIds }) => {
        const census = createCensus(provider, customIds, sent);
        return pipe(
          TE.Do,
          TE.bind('output', () => fetchFile(ports, outputFileId, name('output'), census, kept)),
          TE.bind('error', () => fetchFile(ports, errorFileId, name('error'), census, kept)),
          TE.filterOrElse(hasSome, goneError),
          TE.chainFirst(() => removeEarlier(ports, batchKey, own)),
          TE.map(({ output, error }): Asked => {
            const found = {
              rows: census.rows(),
              spoilt: census.spoilt(),
              output: censusOf(output),
              error: censusOf(error),
              gone: goneIn(output, error),
            };
            const files = { output: fileOf(output), error: fileOf(error) };
            return TE.right({
              type: 'RecordFiles',
              atMs: scheduler.now(),
              batchKey,
              ...files,
              census: found,
            });
          }),
        );
      }),
    );
  };
};

interface Both {
  readonly output: Fetched | null;
  readonly error: Fetched | null;
}

const fileOf = (fetched: Fetched | null): StoredFile | null =>
  fetched !== null && 'file' in fetched ? fetched.file : null;
const censusOf = (fetched: Fetched | null): FileCensus | null =>
  fetched !== null && 'file' in fetched ? fetched.census : null;
const isGone = (fetched: Fetched | null): fetched is { readonly gone: PortError } =>
  fetched !== null && 'gone' in fetched;

/** False where every file that the provider named is gone: then there is nothing to judge. */
const hasSome = ({ output, error }: Both): boolean =>
  fileOf(output) !== null || fileOf(error) !== null || (!isGone(output) && !isGone(error));
const goneError = ({ output, error }: Both): PortError =>
  [output, error].find(isGone)?.gone ?? {
    type: 'not_found',
    message: 'the provider has no file of this batch',
  };
const goneIn = (
  output: Fetched | null,
  error: Fetched | null,
): { readonly part: 'output' | 'error'; readonly message: string } | null =>
  isGone(output)
    ? { part: 'output', message: `the output file is gone: ${messageOf(output.gone)}` }
    : isGone(error)
      ? { part: 'error', message: `the error file is gone: ${messageOf(error.gone)}` }
      : null;

const batchNoOf = ({ run }: EnginePorts, batchKey: BatchKey): number | undefined =>
  run.snapshot.live.find((batch) => batch.batchKey === batchKey)?.batchNo;

/** The rows that the batch was planned with. */
const rowsSent = (ports: EnginePorts, batchKey: BatchKey): TE.TaskEither<PortError, IndexSet> => {
  const { run } = ports;
  const batchNo = batchNoOf(ports, batchKey);
  return batchNo === undefined
    ? TE.right([])
    : pipe(
        run.batches(batchNo, 1),
        TE.map(([record]) => (record?.batchNo === batchNo ? record.indexes : [])),
      );
};

/**
 * Copies of readings before this one, of this owner and of those before it: only the latest is
 * kept. What cannot be removed now goes with the next.
 */
const removeEarlier = (
  { run }: EnginePorts,
  batchKey: BatchKey,
  own: { readonly epoch: number; readonly reading: number },
): TE.TaskEither<PortError, void> =>
  TE.fromTask(async () => {
    const listed = await run.artifacts.list(rawFolderOf(batchKey))();
    if (listed._tag === 'Left') return;
    for (const { name } of listed.right)
      if (isEarlierReading(name, own)) await run.artifacts.remove(name)();
  });

const fetchFile = (
  { run, provider, structure = null }: EnginePorts,
  fileId: string | null,
  object: string,
  census: Census,
  kept: LinesKept,
): TE.TaskEither<PortError, Fetched | null> =>
  fileId === null
    ? TE.right(null)
    : pipe(
        provider.download(fileId),
        TE.chain(({ bytes: promised, chunks }): TE.TaskEither<PortError, Fetched> => {
          // Answers that a schema checks are read again for their text.
          const columns = structure === null ? createLineColumns() : undefined;
          const counting = census.file(fileId, columns);
          const transfer = watched(chunks, promised, fileId, (chunk) => counting.add(chunk));
          return pipe(
            run.artifacts.put(object, transfer.chunks),
            // Whatever the store makes of a stream that breaks: the cause is a transient failure of
            // the transfer, not the store's.
            TE.mapLeft((error) => transfer.fault() ?? error),
            TE.map(({ bytes }) => {
              const found = { file: { object, bytes }, census: counting.end() };
              if (columns !== undefined) kept.keep(object, columns);
              return found;
            }),
          );
        }),
        TE.orElse((error) =>
          saysGone(error) ? TE.right<PortError, Fetched>({ gone: error }) : TE.left(error),
        ),
      );

const saysGone = (error: PortError): boolean =>
  error.type === 'not_found' ||
  (error.type === 'refused' && (error.statusCode === 404 || error.statusCode === 410));

interface Transfer {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Why the transfer ended too early; null when it did not. */
  fault(): PortError | null;
}

const watched = (
  chunks: AsyncIterable<Uint8Array>,
  promised: number | null,
  fileId: string,
  seenChunk: (chunk: Uint8Array) => void,
): Transfer => {
  let fault: PortError | null = null;
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
        seenChunk(next.value);
        yield next.value;
      }
    } finally {
      await source.return?.().catch(() => undefined);
    }
    if (promised !== null && seen !== promised)
      throw cut(`the download of ${fileId} ended after ${seen} of ${promised} bytes`, null);
  }
  return { chunks: pass(), fault: () => fault };
};
