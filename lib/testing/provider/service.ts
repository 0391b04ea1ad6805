import assert from 'node:assert/strict';
import type { Either } from 'fp-ts/lib/Either.js';
import { customIdsOf, stampOf } from '../../core/values/custom-ids.ts';
import type { BatchKey, ProviderBatchId, RunId } from '../../core/values/ids.ts';
import { isInline, traitsOf, type ServiceTraits } from '../../core/values/service-traits.ts';
import type { BatchObservation, UnconfirmedCreateQuery } from '../../core/model/command.ts';
import type { LineContent, LineVerdict, ProviderConnection } from '../../ports/provider.ts';
import type { FaultScript } from '../../sim/provider/faults.ts';
import { valueOf } from '../check.ts';
import { patienceOf } from './patience.ts';
import type { DoubleOptions, OpenDouble, ProviderSubject } from './subject.ts';
import { checkSecret, type Connected, watched } from './watched.ts';

export const hourMs = 3_600_000;
/** When every batch of a double without faults has ended. */
export const endedMs = 6 * hourMs;
export const runId = 'kit-run' as RunId;
/** No part of any error. */
export const key = 'kit-key-0123456789abcdef';
/** Every request to the double is answered at once, but for those that stall. */
const requestTimeoutMs = 60_000;

/** A double with the adapter before it. */
export interface Service {
  readonly provider: Connected;
  readonly traits: ServiceTraits;
  readonly double: OpenDouble;
  readonly connect: (connection: ProviderConnection, timeoutMs?: number) => Connected;
}

/** Does the work at a double of its own. */
export const atDouble = async (
  subject: ProviderSubject,
  faults: FaultScript,
  work: (service: Service) => Promise<void>,
  { sentKey = key, ...options }: Partial<Pick<DoubleOptions, 'sentKey' | 'answer'>> = {},
): Promise<void> => {
  const patience = patienceOf(subject.caseTimeoutMs);
  const traits = traitsOf(subject.config);
  const double = await subject.open({
    ...options,
    acceptedKey: key,
    sentKey,
    faults,
    keepsPartialAnswers: traits.keepsPartialAnswers,
  });
  const { model, endpoint, completionWindow, params } = subject.config;
  const job = { model, endpoint, completionWindow, params };
  const connect: Service['connect'] = (connection, timeoutMs = requestTimeoutMs) =>
    watched(connection.connect({ ...job, requestTimeoutMs: timeoutMs }), sentKey, patience);
  try {
    const service = { provider: connect(double.connection), traits, double, connect };
    await patience.until(work(service));
  } finally {
    const closed = double.close();
    // An adapter that hangs may keep the double from closing.
    if (patience.isOver()) void closed.catch(() => undefined);
    else await closed;
  }
};

/** Texts that are awkward in JSON, in lines and in forms. */
export const prompts = [
  'What is the capital of France?',
  'A "quoted" question\nover two lines \\ with a backslash',
  'Größe: 10 µm, 😀, \u2028 and \u2029 in one line',
  '{"custom_id":"another","key":"another"}',
] as const;

/** Request lines as a run stores and sends them. */
export interface Requests {
  /** As the lines carry them when they are sent. */
  readonly ids: readonly string[];
  /** Each with its newline. */
  readonly lines: readonly string[];
}

/** Which create the lines are for. */
interface Sending {
  readonly batchNo: number;
  readonly createAttempt: number;
  /** Of its first row. */
  readonly fromIndex?: number;
}

/** Rows of two batches are different rows. */
const rowsMax = 1_000;

const customIds = (provider: Connected) => ({
  nonce: 'k1tk1tk1',
  isStamped: provider.stampCustomIds !== undefined,
});

/** So many requests, stamped where the service needs it. */
export const requestsOf = (
  provider: Connected,
  count: number,
  { batchNo, createAttempt, fromIndex = rowsMax * batchNo }: Sending,
): Requests => {
  const format = customIds(provider);
  const ids = customIdsOf({ customIds: format });
  const stamp = stampOf(batchNo, createAttempt);
  const render = provider.renderer({
    jsonSchema: null,
    schemaName: null,
    raisedOutputTokensMax: null,
  });
  const indexes = Array.from({ length: count }, (_, index) => fromIndex + index);
  const rendered = indexes.map((index) => {
    const text = `${index}: ${prompts[index % prompts.length] ?? ''}`;
    const answer = render(ids.of(index), text);
    if ('reason' in answer) return assert.fail(`a prompt of text is refused: ${answer.reason}`);
    return provider.stampCustomIds?.(answer.line, stamp) ?? answer.line;
  });
  return {
    ids: indexes.map((index) =>
      format.isStamped ? ids.of(index).replace(/0{7}$/u, stamp) : ids.of(index),
    ),
    lines: rendered,
  };
};

/** A batch that the kit sends. */
export interface Sent extends Requests {
  readonly batchKey: BatchKey;
  readonly createAttempt: number;
  readonly inputFileId: string | null;
  readonly create: Parameters<Connected['create']>[0];
}

/** Chunks of an odd length, so that lines and characters are cut. */
export async function* inChunks(text: string, chunkBytes = 61): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += chunkBytes) {
    await Promise.resolve();
    yield bytes.subarray(from, from + chunkBytes);
  }
}

/** What is to be sent of a batch. */
export interface Batch {
  readonly name?: string;
  readonly rows?: number;
  readonly batchNo?: number;
  readonly createAttempt?: number;
}

/** Uploads the lines, where the service takes files; the batch is not created yet. */
export const prepare = async (
  { provider, traits }: Pick<Service, 'provider' | 'traits'>,
  { name = 'kit-batch', rows = prompts.length, batchNo = 1, createAttempt = 1 }: Batch = {},
): Promise<Sent> => {
  const requests = requestsOf(provider, rows, { batchNo, createAttempt });
  const text = requests.lines.join('');
  const bytes = Buffer.byteLength(text);
  const batchKey = name as BatchKey;
  const inputFileId = isInline({ traits })
    ? null
    : (
        await valueOf(
          provider.upload({
            batchKey,
            createAttempt,
            bytes,
            lines: inChunks(text),
            expiresAfterMs: null,
          }),
        )
      ).inputFileId;
  return {
    ...requests,
    batchKey,
    createAttempt,
    inputFileId,
    create: {
      batchKey,
      createAttempt,
      inputFileId,
      requests: rows,
      bytes,
      lines: () => inChunks(text),
      metadata: { batchor_run_id: runId },
    },
  };
};

/** A batch that the service has. */
export interface Created extends Sent {
  readonly providerBatchId: ProviderBatchId;
}

/** Sends a batch, which has to be created. */
export const send = async (service: Service, batch: Batch = {}): Promise<Created> => {
  const sent = await prepare(service, batch);
  const { providerBatchId } = await valueOf(service.provider.create(sent.create));
  return { ...sent, providerBatchId };
};

/** What the service says of the batch; null: it does not know it (yet). */
export const observed = async (
  { provider }: Pick<Service, 'provider'>,
  { batchKey, providerBatchId }: Pick<Created, 'batchKey' | 'providerBatchId'>,
): Promise<BatchObservation | null> => {
  const observations = await valueOf(provider.observe([{ batchKey, providerBatchId }]));
  assert.ok(observations.length <= 1, 'observe answers several observations of one batch');
  return observations[0] ?? null;
};

/** The observation of a batch that the service has to know. */
export const observedOne = async (
  service: Pick<Service, 'provider'>,
  batch: Pick<Created, 'batchKey' | 'providerBatchId'>,
): Promise<BatchObservation> => {
  const found = await observed(service, batch);
  assert.ok(found, 'observe leaves out a batch that the service knows');
  assert.equal(found.batchKey, batch.batchKey, 'an observation carries the key that was asked');
  assert.equal(found.providerBatchId, batch.providerBatchId);
  return found;
};

/**
 * Fails where a batch that was just created names another time, or one that is not in ms. Some
 * services say the day alone; null: the service does not say it.
 */
export const checkCreated = (
  { double }: Pick<Service, 'double'>,
  createdAtMs: number | null | undefined,
): void => {
  if (createdAtMs === null || createdAtMs === undefined) return;
  const nowMs = double.nowMs();
  assert.ok(
    createdAtMs > nowMs - 24 * hourMs && createdAtMs <= nowMs + 1_000,
    `a batch created at ${nowMs} ms of the service's clock has createdAtMs ${createdAtMs}`,
  );
};

/** A download that has begun. */
type Download =
  Awaited<ReturnType<ReturnType<Connected['download']>>> extends Either<unknown, infer Opened>
    ? Opened
    : never;

/** The text behind a handle. Throws `CutShort` where the transfer breaks off. */
export const downloaded = async (provider: Connected, handle: string): Promise<string> =>
  textOf(await valueOf(provider.download(handle)));

/** The text of a download. Throws `CutShort` where it breaks off. */
export const textOf = async ({ bytes, chunks }: Download): Promise<string> => {
  const parts: Uint8Array[] = [];
  try {
    for await (const chunk of chunks) parts.push(chunk);
  } catch (thrown) {
    checkSecret('download', thrown, key);
    throw new CutShort(thrown);
  }
  const whole = Buffer.concat(parts);
  if (bytes !== null)
    assert.equal(
      whole.length,
      bytes,
      'a transfer that ends without an error is as long as promised',
    );
  return whole.toString('utf8');
};

/** A transfer that broke off, as it may. */
export class CutShort extends Error {
  override readonly name = 'CutShort';

  constructor(cause: unknown) {
    super('the transfer broke off', { cause });
  }
}

/** A result line, and what the adapter reads in it. */
export interface ReadLine {
  readonly line: string;
  readonly verdict: LineVerdict;
  readonly content: LineContent;
}

export const readLine = (provider: Connected, line: string): ReadLine => ({
  line,
  verdict: provider.readVerdict(line, 'text'),
  content: provider.readContent(line),
});

/** Both files of a batch, by its ending; null: it has none of them. */
export const handlesOf = ({ ending }: BatchObservation): readonly string[] =>
  [ending?.outputFileId ?? null, ending?.errorFileId ?? null].filter((handle) => handle !== null);

/** Every result line of an ended batch. */
export const answersOf = async (
  service: Service,
  batch: Pick<Created, 'batchKey' | 'providerBatchId'>,
): Promise<readonly ReadLine[]> => {
  const read: ReadLine[] = [];
  for (const handle of handlesOf(await observedOne(service, batch)))
    for (const line of (await downloaded(service.provider, handle)).split('\n'))
      if (line.trim() !== '') read.push(readLine(service.provider, line));
  return read;
};

/** The question that a run asks of a create whose answer was lost. */
export const queryOf = (
  { batchKey, createAttempt, inputFileId, ids }: Sent,
  newestBatchId: ProviderBatchId | null,
): UnconfirmedCreateQuery => ({
  batchKey,
  createAttempt,
  inputFileId,
  stage: 'looking',
  requests: ids.length,
  newestBatchId,
});
