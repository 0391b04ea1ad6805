import * as E from 'fp-ts/lib/Either.js';
import type { NamedFiles } from '../core/model/batch.ts';
import type { BatchObservation, UndecidedBatch } from '../core/model/command.ts';
import type { ProviderBatchId } from '../core/values/ids.ts';
import { isInline, isMarked, type ServiceTraits } from '../core/values/service-traits.ts';
import type { PortError } from '../ports/port-error.ts';
import type { BatchProvider } from '../ports/provider.ts';
import { eachPage, ofLength } from './batch-pages.ts';
import { observationOf } from './fake-batch.ts';
import type { ServiceLimits } from './provider/limits.ts';
import type { FakeProvider } from './provider/provider.ts';
import type { BatchObject } from './provider/wire.ts';
import { asking } from './reply-errors.ts';

/** The fake's batches as a service of these traits has them. */
export const shapedBatches = (
  batches: BatchProvider,
  provider: FakeProvider,
  traits: ServiceTraits,
  limits: ServiceLimits,
): BatchProvider => ({
  ...batches,
  ...(isMarked({ traits }) ? { mark: newestOf(provider) } : {}),
  ...(isInline({ traits })
    ? { create: carryingCreate(batches, provider), deleteFile: () => () => refuse('has no files') }
    : {}),
  ...(traits.input === 'container' ? addingTo(batches, provider) : {}),
  ...(traits.correlates === 'answers' ? anonymous(batches, provider, limits) : {}),
  ...(traits.answers === 'split' ? {} : { download: joined(batches) }),
  ...(traits.answers !== 'split' || traits.counts === 'at_end'
    ? { observe: observing(batches, traits) }
    : {}),
});

const refuse = (what: string): Promise<E.Either<PortError, never>> =>
  Promise.resolve(
    E.left({
      type: 'refused',
      message: `the service ${what}`,
      statusCode: null,
      requestId: null,
    }),
  );

const newestOf =
  (provider: FakeProvider): NonNullable<BatchProvider['mark']> =>
  () =>
    asking(
      { what: 'list the batches' },
      () => provider.listBatches({ limit: 1 }),
      ({ data }) => (data[0]?.id ?? null) as ProviderBatchId | null,
    );

/** The lines become a file behind the service's back; nothing but the batch knows it. */
const carryingCreate =
  (
    batches: BatchProvider,
    provider: FakeProvider,
    note: (fileId: string) => void = () => undefined,
  ): BatchProvider['create'] =>
  (input) =>
  async () => {
    const { batchKey, createAttempt, lines, bytes } = input;
    const taken = await asking(
      // One request to the caller, who cannot tell how far it came.
      { what: 'take the lines', isAboutInput: true, isPaid: true },
      () =>
        provider.createFile({
          filename: `${batchKey}-${createAttempt}.jsonl`,
          purpose: 'batch',
          content: ofLength(lines(), bytes),
        }),
      ({ id }) => id,
    )();
    // No batch is created before its lines have come.
    if (E.isLeft(taken)) return taken;
    note(taken.right);
    const created = await batches.create({ ...input, inputFileId: taken.right })();
    return E.mapLeft(withoutFile)(created);
  };

/** Files of lines that were added, by the file that stands for the empty batch. */
const addedLines = new WeakMap<object, Map<string, string[]>>();

const filesOf = ({ ledger }: FakeProvider): Map<string, string[]> => {
  const known = addedLines.get(ledger) ?? new Map<string, string[]>();
  addedLines.set(ledger, known);
  return known;
};

/**
 * A batch that is made empty is a file of one blank request, which no batch is made of. What is
 * added to it becomes a file behind the service's back; once it is cancelled, both are gone, so
 * that what is still under way fails.
 */
const addingTo = (batches: BatchProvider, provider: FakeProvider): Partial<BatchProvider> => ({
  upload: (input) => batches.upload({ ...input, bytes: blankLine.length, lines: blank() }),
  create: (input) => {
    const { inputFileId } = input;
    const create = carryingCreate(batches, provider, (fileId) => {
      const added = filesOf(provider).get(inputFileId ?? '') ?? [];
      filesOf(provider).set(inputFileId ?? '', [...added, fileId]);
    });
    return inputFileId === null || provider.readFile(inputFileId) === null
      ? () => refuse('takes no requests for a batch that is cancelled')
      : create(input);
  },
  deleteFile: (fileId) => async () => {
    for (const added of filesOf(provider).get(fileId) ?? []) {
      const gone = await batches.deleteFile(added)();
      if (E.isLeft(gone)) return gone;
    }
    return batches.deleteFile(fileId)();
  },
});

const blankLine = Buffer.from('{}\n');
async function* blank(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(blankLine);
}

/** Of a file that the client does not know nothing can be said. */
const withoutFile = (error: PortError): PortError =>
  error.type === 'not_ready' || error.type === 'not_found'
    ? { type: 'transient', message: 'the service is busy', retryAfterMs: null, cause: null }
    : error;

/** A list without metadata: only results say whose a batch is. */
const anonymous = (
  batches: BatchProvider,
  provider: FakeProvider,
  limits: ServiceLimits,
): Partial<BatchProvider> => {
  const idOf = createIdReader(provider);
  return {
    sweep:
      ({ creates, known }) =>
      async () => {
        const listed: BatchObject[] = [];
        const fault = await eachPage(provider, limits, (page) => {
          listed.push(...page);
          return false;
        });
        if (fault !== null) return E.left(fault);
        const counts = new Set(creates.map(({ requests }) => requests));
        const marks = creates.map(({ newestBatchId }) => newestBatchId ?? null);
        const fromSeconds = oldestMark(listed, marks);
        const undecided: UndecidedBatch[] = [];
        for (const batch of listed) {
          const { total } = batch.request_counts;
          const isRight = typeof total !== 'number' || total === 0 || counts.has(total);
          if (known.includes(batch.id as ProviderBatchId) || !isRight) continue;
          if (batch.created_at >= fromSeconds) undecided.push(await undecidedOf(batch, idOf));
        }
        const shown = known.filter((id) => listed.some((batch) => batch.id === id));
        return E.right({
          found: [],
          files: [],
          readBackToMs: null,
          isRunSeen: false,
          shown,
          undecided,
        });
      },
    identify: (id) => async () => {
      const found = await batches.identify(id)();
      if (E.isLeft(found) || found.right === null) return found;
      return E.right({ ...found.right, batchKey: null, createAttempt: 0, inputFileId: null });
    },
  };
};

/** When the oldest of these was created, in seconds; 0 where one is not known. */
const oldestMark = (listed: readonly BatchObject[], marks: readonly (string | null)[]): number =>
  Math.min(...marks.map((mark) => listed.find(({ id }) => id === mark)?.created_at ?? 0));

const undecidedOf = async (
  batch: BatchObject,
  idOf: (batch: BatchObject) => Promise<string | null>,
): Promise<UndecidedBatch> => {
  const { providerBatchId, providerStatus, ending, progress } = observationOf(
    '' as BatchObservation['batchKey'],
    batch,
    0,
  );
  const total = progress?.total ?? 0;
  return {
    providerBatchId,
    providerStatus,
    createdAtMs: batch.created_at * 1000,
    requests: total === 0 ? null : total,
    ending: ending?.type ?? null,
    customId: ending === null ? null : await idOf(batch),
  };
};

/** The `custom_id` of a result line of the batch, read once; null: none could be read. */
const createIdReader = (
  provider: FakeProvider,
): ((batch: BatchObject) => Promise<string | null>) => {
  const known = new Map<string, string>();
  return async ({ id, output_file_id: output, error_file_id: error }) => {
    for (const fileId of [output, error]) {
      if (known.has(id)) break;
      const found = fileId === null || fileId === '' ? null : await firstIdIn(provider, fileId);
      if (found !== null) known.set(id, found);
    }
    return known.get(id) ?? null;
  };
};

const firstIdIn = async (provider: FakeProvider, fileId: string): Promise<string | null> => {
  const reply = await provider.fileContent(fileId);
  if (reply.type !== 'done') return null;
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of reply.value.chunks) {
      text += decoder.decode(chunk, { stream: true });
      if (text.includes('\n')) break;
    }
    const line = JSON.parse(text.slice(0, text.indexOf('\n'))) as { readonly custom_id?: unknown };
    return typeof line.custom_id === 'string' ? line.custom_id : null;
  } catch {
    return null;
  }
};

const between = '+';

/** Both files under one handle, and no counts before the end. */
const observing =
  (batches: BatchProvider, { answers, counts }: ServiceTraits): BatchProvider['observe'] =>
  (asked) =>
  async () =>
    E.map((observations: readonly BatchObservation[]) =>
      observations.map((observation) => {
        const silent =
          counts === 'at_end' && observation.ending === null
            ? { ...observation, progress: null }
            : observation;
        return answers === 'split' ? silent : inOneFile(silent);
      }),
    )(await batches.observe(asked)());

const inOneFile = (observation: BatchObservation): BatchObservation => {
  const { ending, named, progress } = observation;
  const one = ({ outputFileId, errorFileId }: NamedFiles): NamedFiles => {
    const parts = [outputFileId, errorFileId].filter((id) => id !== null);
    return { outputFileId: parts.length === 0 ? null : parts.join(between), errorFileId: null };
  };
  const lacks = (count: number | undefined, fileId: string | null | undefined): boolean =>
    (count ?? 0) > 0 && fileId === null;
  return {
    ...observation,
    ...(named === undefined ? {} : { named: one(named) }),
    ...(ending === null
      ? {}
      : {
          ending: { ...ending, ...one(ending) },
          areFilesPending:
            lacks(progress?.completed, ending.outputFileId) ||
            lacks(progress?.failed, ending.errorFileId),
        }),
  };
};

interface Download {
  readonly bytes: number | null;
  readonly chunks: AsyncIterable<Uint8Array>;
}

const joined =
  (batches: BatchProvider): BatchProvider['download'] =>
  (handle) =>
  async () => {
    const parts: Download[] = [];
    for (const id of handle.split(between)) {
      const part = await batches.download(id)();
      if (E.isLeft(part)) return part;
      parts.push(part.right);
    }
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (const part of parts) yield* part.chunks;
    }
    const lengths = parts.map(({ bytes }) => bytes);
    const bytes = lengths.some((length) => length === null)
      ? null
      : lengths.reduce<number>((sum, length) => sum + (length ?? 0), 0);
    return E.right({ bytes, chunks: chunks() });
  };
