import { describe, expect, it } from 'vitest';
import { startEmulator } from '../../../adapters/emulator/index.ts';
import { createOpenAI } from '../../../adapters/openai/index.ts';
import type { BatchKey } from '../../../lib/core/values/ids.ts';
import type { Port, PortError } from '../../../lib/ports/port-error.ts';
import type { Fault, Operation } from '../../../lib/sim/provider/faults.ts';
import { createInput, leftOf, rightOf, sweepInput, uploadInput } from '../openai/stub.ts';

const batchKey = 'key-1' as BatchKey;
const line = `${JSON.stringify({ custom_id: 'row-0', method: 'POST', url: '/v1/responses', body: { model: 'm', input: 'hello' } })}\n`;

/** A finished batch at an emulator with this fault. */
const stand = async (...faults: readonly Fault[]) => {
  const emulator = await startEmulator({ speed: 0, faults });
  const connection = createOpenAI({ baseURL: emulator.baseURL, apiKey: 'any-key-will-do' });
  const connect = (requestTimeoutMs: number) =>
    connection.connect({
      model: 'm',
      endpoint: 'responses',
      completionWindow: '24h',
      params: {},
      requestTimeoutMs,
    });
  const provider = connect(10_000);
  /** A client with a short timeout, for calls without an answer. */
  const impatient = connect(700);
  const create = (inputFileId: string, by = provider) =>
    by.create({ ...createInput, batchKey, createAttempt: 1, inputFileId, metadata: {} });
  const ended = async (): Promise<string> => {
    const { inputFileId } = await rightOf(provider.upload(uploadInput(line)));
    const { providerBatchId } = await rightOf(create(inputFileId));
    await emulator.advance(86_400_000);
    const [seen] = await rightOf(provider.observe([{ batchKey, providerBatchId }]));
    return seen?.ending?.outputFileId ?? '';
  };
  return {
    emulator,
    provider,
    impatient,
    create,
    ended,
    [Symbol.asyncDispose]: () => emulator.close(),
  };
};

const textOf = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
};

describe('an emulator whose answers do not end', () => {
  type Stand = Awaited<ReturnType<typeof stand>>;
  const asks: readonly (readonly [
    Operation,
    (it: Stand) => Promise<Port<unknown>>,
    PortError['type'],
  ])[] = [
    [
      'create_file',
      ({ impatient }) => Promise.resolve(impatient.upload(uploadInput(line))),
      'transient',
    ],
    [
      'create_batch',
      async ({ provider, impatient, create }) =>
        create((await rightOf(provider.upload(uploadInput(line)))).inputFileId, impatient),
      'unclear',
    ],
    [
      'list_batches',
      ({ impatient }) => Promise.resolve(impatient.sweep(sweepInput([], 0))),
      'transient',
    ],
    [
      'retrieve_batch',
      async ({ provider, impatient, create }) => {
        const { inputFileId } = await rightOf(provider.upload(uploadInput(line)));
        const { providerBatchId } = await rightOf(create(inputFileId));
        return impatient.observe([{ batchKey, providerBatchId }]);
      },
      'transient',
    ],
  ];

  it.each(['body_stalls', 'body_drips'] as const)(
    'does what it is asked, and its client gives the answer up (%s)',
    async (type) => {
      for (const [operation, ask, error] of asks) {
        await using it = await stand({ type, operation, times: 1 });
        expect([operation, (await leftOf(await ask(it))).type]).toEqual([operation, error]);
      }
    },
  );

  it.each(['body_stalls', 'body_drips'] as const)(
    'begins a file that does not end either (%s)',
    async (type) => {
      await using it = await stand({ type, operation: 'file_content', times: 1 });
      const file = await rightOf(it.impatient.download(await it.ended()));
      await expect(textOf(file.chunks)).rejects.toThrow(/ended after/u);
    },
  );

  it('has still created the batch: the list shows it', async () => {
    await using it = await stand({ type: 'body_stalls', operation: 'create_batch', times: 1 });
    const { inputFileId } = await rightOf(it.provider.upload(uploadInput(line)));
    expect((await leftOf(it.create(inputFileId, it.impatient))).type).toBe('unclear');
    const creates = [{ batchKey, createAttempt: 1, inputFileId, stage: 'looking' as const }];
    expect(
      (await rightOf(it.provider.sweep({ ...sweepInput([], 0), creates }))).found,
    ).toHaveLength(1);
  });
});

describe('an emulator that encodes its files', () => {
  it.each(['gzip', 'deflate', 'br'])(
    'gives the same answers to its client (%s)',
    async (encoding) => {
      await using plain = await stand();
      const expected = await textOf(
        (await rightOf(plain.provider.download(await plain.ended()))).chunks,
      );
      await using packed = await stand({ type: 'download_encoded', encoding });
      const file = await rightOf(packed.provider.download(await packed.ended()));
      expect(file.bytes).toBeNull();
      expect((await textOf(file.chunks)).split('\n').length).toBe(expected.split('\n').length);
    },
  );

  it('is an error that names an unknown encoding', async () => {
    await using it = await stand({ type: 'download_encoded', encoding: 'lzma', times: 1 });
    const id = await it.ended();
    expect(await leftOf(it.provider.download(id))).toMatchObject({
      type: 'transient',
      message: expect.stringContaining('"lzma" (content-encoding)') as string,
    });
    await rightOf(it.provider.download(id));
  });
});

describe('an emulator that answers a create with another batch', () => {
  it('confirms none', async () => {
    await using it = await stand({ type: 'create_answers_another', batch: 2 });
    await it.ended();
    const { inputFileId } = await rightOf(it.provider.upload(uploadInput(line)));
    const second = it.provider.create({
      ...createInput,
      batchKey: 'key-2' as BatchKey,
      createAttempt: 1,
      inputFileId,
      metadata: {},
    });
    expect(await leftOf(second)).toMatchObject({
      type: 'unclear',
      message: expect.stringContaining('another batch') as string,
    });
    expect(it.emulator.ledger.batchesCreated).toBe(2);
  });
});
