import Anthropic from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import type { Emulator, EmulatorOptions } from '../../../adapters/emulator/index.ts';
import { joinLines } from '../../../adapters/http/joined-lines.ts';
import { readBatch } from '../../../adapters/anthropic/batches/batch-object.ts';
import type { UnconfirmedCreateQuery } from '../../../lib/core/model/observation.ts';
import type { BatchKey, ProviderBatchId, RunId } from '../../../lib/core/values/ids.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { batchId, json, key, leftOf, rightOf, startStub } from '../openai/stub.ts';
import { at, batch, connect, createInput, ended, startService } from './service.ts';

const open: Emulator[] = [];
afterEach(async () => {
  for (const emulator of open.splice(0)) await emulator.close();
});
const start = async (options: EmulatorOptions = {}) => {
  const started = await startService(options);
  open.push(started.emulator);
  return started;
};
const turnaroundMs = 5 * 3_600_000;

const textOf = async (
  provider: BatchProvider,
  handle: string,
): Promise<{ readonly text: string; readonly bytes: number | null }> => {
  const { bytes, chunks } = await rightOf(provider.download(handle));
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return { text: Buffer.concat(parts).toString('utf8'), bytes };
};

const asked = (...ids: readonly string[]) =>
  ids.map((id) => ({ batchKey: key(`key-of-${id}`), providerBatchId: batchId(id) }));

const query = (more: Partial<UnconfirmedCreateQuery> = {}): UnconfirmedCreateQuery => ({
  batchKey: 'key-1' as BatchKey,
  createAttempt: 1,
  inputFileId: null,
  stage: 'looking',
  ...more,
});
const listInput = (
  creates: readonly UnconfirmedCreateQuery[],
  sinceMs: number,
  known: readonly string[] = [],
): Parameters<BatchProvider['sweep']>[0] => ({
  creates,
  sinceMs,
  runId: 'run-1' as RunId,
  known: known as readonly ProviderBatchId[],
});

describe('a create', () => {
  it.each([1, 2, 7, 50, 100_000])(
    'carries the lines as a list of requests, in chunks of %i bytes',
    async (chunkBytes) => {
      const input = createInput(3, { chunkBytes });
      const body = joinLines('requests', input.bytes, input.lines());
      const parts: Uint8Array[] = [];
      for await (const part of body.chunks) parts.push(part);
      const text = Buffer.concat(parts).toString('utf8');
      expect(Buffer.byteLength(text)).toBe(body.bytes);
      const { requests } = JSON.parse(text) as { readonly requests: readonly object[] };
      expect(requests.map((request) => (request as { custom_id: string }).custom_id)).toEqual([
        'r01234567-0_0000001',
        'r01234567-1_0000001',
        'r01234567-2_0000001',
      ]);
    },
  );

  it('makes a batch, whose results come under the ids that were sent', async () => {
    const { emulator, provider } = await start();
    const made = await rightOf(provider.create(createInput(3)));
    expect(made.providerStatus).toBe('in_progress');
    expect(await rightOf(provider.observe(asked(made.providerBatchId)))).toMatchObject([
      // As the service does, the emulator asks for ten seconds between two polls.
      { progress: null, ending: null, stage: 'in_progress', retryAfterMs: 10_000 },
    ]);
    await emulator.advance(turnaroundMs);
    const [seen] = await rightOf(provider.observe(asked(made.providerBatchId)));
    expect(seen).toMatchObject({
      providerStatus: 'ended',
      progress: { total: 3, completed: 3, failed: 0 },
      ending: { type: 'completed', errorFileId: null },
      areFilesPending: false,
    });
    expect((seen?.expiresAtMs ?? 0) - (seen?.createdAtMs ?? 0)).toBe(86_400_000);
    const { text, bytes } = await textOf(provider, seen?.ending?.outputFileId ?? '');
    expect(bytes).toBeNull();
    const verdicts = text
      .trimEnd()
      .split('\n')
      .map((line) => provider.readVerdict(line));
    expect(
      verdicts.map((verdict) => (verdict.type === 'succeeded' ? verdict.customId : null)).sort(),
    ).toEqual(['r01234567-0_0000001', 'r01234567-1_0000001', 'r01234567-2_0000001']);
    expect(emulator.ledger).toMatchObject({ batchesCreated: 1, requestsBilled: 3 });
  });

  it('is sent once, with the key, the version and its length, as one JSON', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 200, batch('msgbatch_1'));
    });
    const provider = connect({
      baseURL: stub.baseURL,
      apiKey: 'sk-ant-0123456789',
      headers: { 'x-team': 'a' },
      betas: ['output-300k-2026-03-24'],
    });
    const input = createInput(2);
    expect(await rightOf(provider.create(input))).toEqual({
      providerBatchId: 'msgbatch_1',
      providerStatus: 'in_progress',
    });
    expect(stub.seen).toHaveLength(1);
    const [seen] = stub.seen;
    expect(seen).toMatchObject({ method: 'POST', path: '/v1/messages/batches' });
    expect(seen?.headers).toMatchObject({
      'x-api-key': 'sk-ant-0123456789',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'output-300k-2026-03-24',
      'x-team': 'a',
      'content-type': 'application/json',
      'content-length': String(seen?.body.length),
    });
    expect(JSON.parse(seen?.body.toString() ?? '')).toHaveProperty('requests.length', 2);
  });

  it.each<[string, unknown]>([
    ['no batch', { id: 'file_1', type: 'file' }],
    ['nothing', ''],
    [
      'a batch of another size',
      batch('msgbatch_2', {
        request_counts: { processing: 9, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
      }),
    ],
  ])('that is answered with %s is unconfirmed', async (_title, answer) => {
    await using stub = await startStub((_seen, response) => {
      json(response, 200, answer);
    });
    expect((await leftOf(at(stub.baseURL).create(createInput(2)))).type).toBe('unclear');
    expect(stub.seen).toHaveLength(1);
  });

  it('whose answer is lost is unconfirmed', async () => {
    const { provider } = await start({ faults: [{ type: 'lose_create_reply', times: 1 }] });
    expect((await leftOf(provider.create(createInput()))).type).toBe('unclear');
  });

  it.each([
    ['more', (bytes: number) => bytes - 1],
    ['fewer', (bytes: number) => bytes + 1],
  ])('of %s lines than were said breaks off, and makes nothing', async (_title, said) => {
    const { emulator, provider } = await start();
    const input = createInput(5);
    const failure = await leftOf(provider.create({ ...input, bytes: said(input.bytes) }));
    expect(failure.type).toBe('corrupt');
    expect(emulator.ledger.batchesCreated).toBe(0);
  });

  it('whose lines cannot be read to their end breaks off, and makes nothing', async () => {
    const { emulator, provider } = await start();
    const input = createInput(5);
    const lines = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of input.lines()) {
        yield chunk;
        throw new Error('disk');
      }
    };
    await leftOf(provider.create({ ...input, lines }));
    expect(emulator.ledger.batchesCreated).toBe(0);
  });

  it('of no requests is not sent', async () => {
    const { emulator, provider } = await start();
    expect((await leftOf(provider.create(createInput(0)))).type).toBe('refused');
    expect(emulator.ledger.createAttempts).toBe(0);
  });

  it('may go by a client of your own, which then does not repeat it', async () => {
    const { emulator } = await start({
      faults: [{ type: 'http_error', statusCode: 529, operation: 'create_batch', times: 1 }],
    });
    const client = new Anthropic({ baseURL: emulator.baseURL, apiKey: 'sk-ant-0123456789' });
    const provider = connect({ client });
    expect((await leftOf(provider.create(createInput()))).type).toBe('unclear');
    expect(emulator.ledger.batchesCreated).toBe(0);
    const { providerBatchId } = await rightOf(provider.create(createInput()));
    await emulator.advance(turnaroundMs);
    const [seen] = await rightOf(provider.observe(asked(providerBatchId)));
    const { text } = await textOf(provider, seen?.ending?.outputFileId ?? '');
    expect(text.trimEnd().split('\n')).toHaveLength(2);
    expect(emulator.ledger.batchesCreated).toBe(1);
  });
});

describe('a batch', () => {
  it('that is not found right after its creation is left out, and seen later', async () => {
    const { emulator, provider } = await start({
      faults: [{ type: 'not_found_after_create', forMs: 60_000 }],
    });
    const { providerBatchId } = await rightOf(provider.create(createInput()));
    expect(await rightOf(provider.observe(asked(providerBatchId)))).toEqual([]);
    await emulator.advance(61_000);
    expect(await rightOf(provider.observe(asked(providerBatchId)))).toHaveLength(1);
  });

  it('is asked about in the list where there are many', async () => {
    const { emulator, provider } = await start();
    const ids: string[] = [];
    for (let index = 0; index < 6; index += 1)
      ids.push((await rightOf(provider.create(createInput()))).providerBatchId);
    const seen = await rightOf(provider.observe(asked(...ids, 'msgbatch_none')));
    expect(seen.map(({ providerBatchId }) => providerBatchId)).toEqual(ids);
    expect(emulator.ledger.calls).toMatchObject({ list_batches: 1, retrieve_batch: 1 });
  });

  it.each<[string, object, object]>([
    ['in progress', batch('msgbatch_1'), { ending: null, stage: 'in_progress', progress: null }],
    [
      'being cancelled',
      batch('msgbatch_1', {
        processing_status: 'canceling',
        cancel_initiated_at: '2026-08-01T10:21:30.5+00:00',
      }),
      { ending: null, stage: 'cancelling', statusSinceMs: Date.UTC(2026, 7, 1, 10, 21, 30, 500) },
    ],
    [
      'of an unknown status',
      batch('msgbatch_1', { processing_status: 'resting' }),
      { ending: null, stage: 'unknown', status: 'resting' },
    ],
    [
      'of an unknown status, with all of its requests counted',
      ended('msgbatch_1', { processing_status: 'finished' }),
      { ending: null, stage: 'unknown', progress: { total: 2, completed: 2, failed: 0 } },
    ],
    [
      'ended, in capitals',
      ended('msgbatch_1', { processing_status: 'ENDED' }),
      { ending: { type: 'completed' }, stage: 'unknown', status: 'ENDED' },
    ],
    [
      'being cancelled, in capitals',
      batch('msgbatch_1', { processing_status: 'CANCELING' }),
      { ending: null, stage: 'cancelling', progress: null },
    ],
    ['ended', ended('msgbatch_1'), { ending: { type: 'completed' }, areFilesPending: false }],
    [
      'ended by its window',
      ended('msgbatch_1', {
        request_counts: { processing: 0, succeeded: 1, errored: 0, canceled: 0, expired: 1 },
      }),
      { ending: { type: 'expired' }, progress: { total: 2, completed: 1, failed: 1 } },
    ],
    [
      'ended by a cancel',
      ended('msgbatch_1', {
        request_counts: { processing: 0, succeeded: 1, errored: 0, canceled: 1, expired: 0 },
        cancel_initiated_at: '2026-08-01T10:21:30.5+00:00',
      }),
      { ending: { type: 'cancelled' } },
    ],
    [
      'ended before a cancel reached it',
      ended('msgbatch_1', { cancel_initiated_at: '2026-08-01T10:21:30.5+00:00' }),
      { ending: { type: 'completed' } },
    ],
    [
      'ended without an address of results yet',
      ended('msgbatch_1', { results_url: null }),
      { ending: { type: 'completed', outputFileId: null }, areFilesPending: true },
    ],
    [
      'archived',
      ended('msgbatch_1', { results_url: null, archived_at: '2026-08-30T10:20:30.123456+00:00' }),
      { ending: { outputFileId: null }, areFilesPending: false },
    ],
    [
      'without counts',
      ended('msgbatch_1', { request_counts: null }),
      { ending: { type: 'completed' }, progress: null, requests: null },
    ],
  ])('%s is read as one', (_title, given, expected) => {
    expect(readBatch(given)).toMatchObject(expected);
  });

  it.each([
    null,
    5,
    [],
    {},
    { id: 'a' },
    { ...batch(''), id: '' },
    { ...batch('a'), type: 'file' },
  ])('is not %j', (given) => {
    expect(readBatch(given)).toBeNull();
  });

  it('is cancelled, also where it is over', async () => {
    const { emulator, provider } = await start();
    const { providerBatchId } = await rightOf(provider.create(createInput()));
    await rightOf(provider.cancel(providerBatchId));
    expect(await rightOf(provider.observe(asked(providerBatchId)))).toMatchObject([
      { stage: 'cancelling' },
    ]);
    await emulator.advance(turnaroundMs);
    await rightOf(provider.cancel(providerBatchId));
    expect((await leftOf(provider.cancel(batchId('msgbatch_none')))).type).toBe('not_found');
  });

  it('is identified, and described without an input file', async () => {
    const { provider } = await start();
    const { providerBatchId } = await rightOf(provider.create(createInput()));
    expect(await rightOf(provider.identify(providerBatchId))).toMatchObject({
      providerBatchId,
      batchKey: null,
      inputFileId: null,
      ending: null,
    });
    expect(await rightOf(provider.identify(batchId('msgbatch_none')))).toBeNull();
    const described = provider.describe?.(providerBatchId);
    expect(described === undefined ? null : await rightOf(described)).toMatchObject({
      inputFileId: null,
      requests: 2,
    });
  });

  it('has no files to upload or to delete', async () => {
    const { provider } = await start();
    expect((await leftOf(provider.deleteFile('file_1'))).type).toBe('refused');
  });
});

describe('results', () => {
  it('are followed at the own origin, and asked for there where they are said to lie elsewhere', async () => {
    await using elsewhere = await startStub((_seen, response) => {
      response.end('stolen');
    });
    await using stub = await startStub((_seen, response) => {
      response.end('own\n');
    });
    const path = '/v1/messages/batches/msgbatch_1/results';
    const provider = at(stub.baseURL);
    const own = new URL(stub.baseURL).origin;
    expect((await textOf(provider, `${own}${path}`)).text).toBe('own\n');
    expect((await textOf(provider, `https://api.anthropic.com${path}`)).text).toBe('own\n');
    expect(stub.seen.map((seen) => seen.path)).toEqual([path, path]);
    const strange = await leftOf(provider.download(`${new URL(elsewhere.baseURL).origin}/x`));
    expect(strange).toMatchObject({ type: 'refused' });
    expect(elsewhere.seen).toEqual([]);
  });

  it('are not followed to another origin by a redirect', async () => {
    await using elsewhere = await startStub((_seen, response) => {
      response.end('stolen');
    });
    await using stub = await startStub((_seen, response) => {
      response.writeHead(302, { location: `${elsewhere.baseURL}/x` }).end();
    });
    const url = `${new URL(stub.baseURL).origin}/v1/messages/batches/msgbatch_1/results`;
    expect(await leftOf(at(stub.baseURL).download(url))).toMatchObject({ type: 'refused' });
    expect(elsewhere.seen).toEqual([]);
  });

  it('that are cut on the way throw, and those that are gone are not found', async () => {
    const { emulator, provider } = await start({
      faults: [{ type: 'truncated_download', keepRatio: 0.5, times: 1 }],
    });
    const { providerBatchId } = await rightOf(provider.create(createInput(50)));
    await emulator.advance(turnaroundMs);
    const [seen] = await rightOf(provider.observe(asked(providerBatchId)));
    const handle = seen?.ending?.outputFileId ?? '';
    await expect(textOf(provider, handle)).rejects.toThrow(/ended after/u);
    expect((await textOf(provider, handle)).text.trimEnd().split('\n')).toHaveLength(50);
    await emulator.advance(30 * 86_400_000);
    expect((await leftOf(provider.download(handle))).type).toBe('not_found');
  });
});

describe('the list, for creates whose answer was lost', () => {
  it('names the newest batch, and none where it is empty', async () => {
    const { provider } = await start();
    const mark = provider.mark?.bind(provider);
    if (mark === undefined) throw new Error('no mark');
    expect(await rightOf(mark())).toBeNull();
    await rightOf(provider.create(createInput()));
    const { providerBatchId } = await rightOf(provider.create(createInput()));
    expect(await rightOf(mark())).toBe(providerBatchId);
  });

  it('names those as undecided that are newer than the mark and as large, and proves the ended ones by an id', async () => {
    const { emulator, provider } = await start({
      faults: [{ type: 'lose_create_reply', batch: 3 }],
    });
    const sentAtMs = emulator.provider.nowMs();
    const older = await rightOf(provider.create(createInput(4)));
    const marked = await rightOf(provider.create(createInput(2)));
    expect((await leftOf(provider.create(createInput(4)))).type).toBe('unclear');
    const other = await rightOf(provider.create(createInput(3)));
    const known = [marked.providerBatchId];
    const create = query({ requests: 4, sentAtMs, newestBatchId: marked.providerBatchId });
    const report = await rightOf(provider.sweep(listInput([create], sentAtMs, known)));
    expect(report).toMatchObject({ found: [], files: [], readBackToMs: null, shown: known });
    expect(report.undecided).toHaveLength(1);
    expect(report.undecided?.[0]).toMatchObject({ requests: 4, ending: null, customId: null });
    expect([older.providerBatchId, other.providerBatchId]).not.toContain(
      report.undecided?.[0]?.providerBatchId,
    );
    await emulator.advance(turnaroundMs);
    const later = await rightOf(provider.sweep(listInput([create], sentAtMs, known)));
    expect(later.undecided).toMatchObject([{ ending: 'completed' }]);
    expect(later.undecided?.[0]?.customId).toMatch(/^r01234567-\d_0000001$/u);
  });

  it('names all that are as large and as new where there is no mark', async () => {
    const { emulator, provider } = await start();
    const first = await rightOf(provider.create(createInput(4)));
    await emulator.advance(3_600_000);
    const second = await rightOf(provider.create(createInput(4)));
    const sentAtMs = emulator.provider.nowMs();
    const report = await rightOf(
      provider.sweep(listInput([query({ requests: 4, sentAtMs })], sentAtMs)),
    );
    expect(report.undecided?.map(({ providerBatchId }) => providerBatchId)).toEqual([
      second.providerBatchId,
    ]);
    const known = [second.providerBatchId];
    const without = await rightOf(
      provider.sweep(listInput([query({ requests: 4, sentAtMs })], sentAtMs, known)),
    );
    expect(without).toMatchObject({ undecided: [], shown: known });
    expect(first.providerBatchId).not.toBe(second.providerBatchId);
  });

  it('is read back behind the creates, and no further', async () => {
    const pages = [
      [batch('msgbatch_3', { created_at: '2026-08-03T00:00:00Z' })],
      [batch('msgbatch_2', { created_at: '2026-08-02T00:00:00Z' })],
      [batch('msgbatch_1', { created_at: '2026-08-01T00:00:00Z' })],
    ];
    await using stub = await startStub((seen, response) => {
      const after = seen.query.get('after_id');
      const index = after === null ? 0 : 4 - Number(after.slice(-1));
      json(response, 200, { data: pages[index] ?? [], has_more: true });
    });
    const sinceMs = Date.UTC(2026, 7, 2, 12);
    const report = await rightOf(
      at(stub.baseURL).sweep(listInput([query({ sentAtMs: sinceMs })], sinceMs)),
    );
    expect(report.readBackToMs).toBe(sinceMs - 600_000);
    expect(stub.seen.map((seen) => seen.query.get('after_id'))).toEqual([null, 'msgbatch_3']);
    expect(stub.seen[0]?.query.get('limit')).toBe('1000');
  });

  it.each<[string, unknown]>([
    ['is no list', { object: 'thing' }],
    ['has an entry that cannot be read', { data: [{ id: 'x' }], has_more: false }],
    ['says that it has more and shows nothing', { data: [], has_more: true }],
    ['repeats itself', { data: [batch('msgbatch_1')], has_more: true }],
  ])('proves nothing where it %s', async (_title, page) => {
    await using stub = await startStub((_seen, response) => {
      json(response, 200, page);
    });
    const failure = await leftOf(
      at(stub.baseURL).sweep(listInput([query()], Date.UTC(2020, 0, 1))),
    );
    expect(failure.type).toBe('refused');
  });
});
