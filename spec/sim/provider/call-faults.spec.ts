import { describe, expect, it } from 'vitest';
import { createLab, endpoint, hourMs, lines, refusalOf, valueOf, type Lab } from './lab.ts';

const create = async (lab: Lab) => {
  const file = await lab.upload(lines(3));
  return lab.provider.createBatch({ input_file_id: file.id, endpoint, completion_window: '24h' });
};

describe('a lost create reply', () => {
  it('leaves a batch that the list shows and that will be billed', async () => {
    const lab = createLab({ faults: [{ type: 'lose_create_reply', batch: 1 }] });
    expect((await create(lab)).type).toBe('reply_lost');
    lab.wait(5 * hourMs);
    const page = valueOf(await lab.provider.listBatches());
    expect(page.data.map(({ status }) => status)).toEqual(['completed']);
    expect((await create(lab)).type).toBe('done');
    lab.wait(5 * hourMs);
    await lab.provider.settle();
    expect(lab.provider.ledger).toMatchObject({
      createAttempts: 2,
      batchesCreated: 2,
      requestsBilled: 6,
      doubleBilledCount: 3,
    });
    const [first, second] = lab.provider.ledger.batches;
    expect(lab.provider.ledger.doubleBilled.map(({ batchIds }) => batchIds)).toEqual(
      Array.from({ length: 3 }, () => [first?.id, second?.id]),
    );
  });
});

describe('a dropped create', () => {
  it('leaves nothing, and hits the batch it names once', async () => {
    const lab = createLab({ faults: [{ type: 'drop_create', batch: 1 }] });
    expect((await create(lab)).type).toBe('reply_lost');
    expect(valueOf(await lab.provider.listBatches()).data).toEqual([]);
    expect((await create(lab)).type).toBe('done');
    expect(lab.provider.ledger).toMatchObject({ createAttempts: 2, batchesCreated: 1 });
  });
});

describe('a refused create', () => {
  it.each([
    ['over_capacity', 429, 'token_limit_exceeded'],
    ['insufficient_quota', 429, 'insufficient_quota'],
    ['unauthorized', 401, 'invalid_api_key'],
  ] as const)(
    'for %s answers %i %s, as often as the script says',
    async (reason, statusCode, code) => {
      const lab = createLab({ faults: [{ type: 'create_refused', reason, times: 2 }] });
      for (let round = 0; round < 2; round += 1) {
        expect(refusalOf(await create(lab))).toMatchObject({ statusCode, error: { code } });
      }
      expect((await create(lab)).type).toBe('done');
      expect(lab.provider.ledger.batchesCreated).toBe(1);
    },
  );

  it('hits every second batch once', async () => {
    const lab = createLab({
      faults: [{ type: 'create_refused', reason: 'over_capacity', everyBatch: 2 }],
    });
    const types: string[] = [];
    for (let round = 0; round < 6; round += 1) types.push((await create(lab)).type);
    expect(types).toEqual(['done', 'refused', 'done', 'done', 'refused', 'done']);
  });
});

describe('a failing upload', () => {
  it('stores nothing, and hits the upload it names as often as it says', async () => {
    const lab = createLab({
      faults: [{ type: 'upload_fails', batch: 2, statusCode: 503, times: 2 }],
    });
    const upload = () =>
      lab.provider.createFile({ filename: 'a.jsonl', purpose: 'batch', content: nothing() });
    const codes: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const reply = await upload();
      codes.push(reply.type === 'refused' ? reply.statusCode : 200);
    }
    expect(codes).toEqual([200, 503, 503, 200, 200]);
    expect(valueOf(await lab.provider.listFiles()).data).toHaveLength(3);
  });
});

describe('an HTTP error', () => {
  it('hits the named operation alone, with its probability', async () => {
    const lab = createLab({
      faults: [
        {
          type: 'http_error',
          operation: 'list_batches',
          statusCode: 500,
          probability: 0.5,
          retryAfterMs: 250,
        },
      ],
    });
    const batch = await lab.order(lines(1));
    const codes: number[] = [];
    for (let round = 0; round < 200; round += 1) {
      const reply = await lab.provider.listBatches();
      codes.push(reply.type === 'refused' ? reply.statusCode : 200);
      if (reply.type === 'refused')
        expect(reply).toMatchObject({ error: { type: 'server_error' }, retryAfterMs: 250 });
      await lab.retrieve(batch.id);
    }
    const failedCount = codes.filter((code) => code === 500).length;
    expect(failedCount).toBeGreaterThan(60);
    expect(failedCount).toBeLessThan(140);
  });

  it('with a number of times heals', async () => {
    const lab = createLab({
      faults: [{ type: 'http_error', operation: 'retrieve_batch', statusCode: 429, times: 2 }],
    });
    const batch = await lab.order(lines(1));
    expect(refusalOf(await lab.provider.retrieveBatch(batch.id)).error.code).toBe(
      'rate_limit_exceeded',
    );
    expect(refusalOf(await lab.provider.retrieveBatch(batch.id)).statusCode).toBe(429);
    expect((await lab.provider.retrieveBatch(batch.id)).type).toBe('done');
  });
});

describe('an outage', () => {
  it('such as a rotated key begins and ends at its time', async () => {
    const lab = createLab({
      faults: [{ type: 'http_error', statusCode: 401, afterMs: hourMs, forMs: hourMs }],
    });
    const codes: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const reply = await lab.provider.listFiles();
      codes.push(reply.type === 'refused' ? reply.statusCode : 200);
      lab.wait(hourMs);
    }
    expect(codes).toEqual([200, 401, 200]);
  });

  it('may break connections, and then nothing has happened', async () => {
    const lab = createLab({
      faults: [{ type: 'connection_lost', operation: 'create_batch', times: 1 }],
    });
    expect((await create(lab)).type).toBe('reply_lost');
    expect(lab.provider.ledger).toMatchObject({ createAttempts: 0, batchesCreated: 0 });
    expect((await create(lab)).type).toBe('done');
  });
});

describe('a truncated download', () => {
  it('promises all bytes and gives a part; the next one is whole', async () => {
    const lab = createLab({ faults: [{ type: 'truncated_download', batch: 1, keepRatio: 0.5 }] });
    const batch = await lab.finish(lines(20));
    const bytesOf = async (): Promise<{ readonly promised: number; readonly got: number }> => {
      const { range, chunks } = valueOf(await lab.provider.fileContent(batch.output_file_id ?? ''));
      let got = 0;
      for await (const chunk of chunks) got += chunk.length;
      return { promised: range.end - range.start, got };
    };
    const broken = await bytesOf();
    expect(broken.got).toBe(Math.floor(broken.promised / 2));
    const whole = await bytesOf();
    expect(whole.got).toBe(whole.promised);
  });
});

async function* nothing(): AsyncGenerator<Uint8Array> {}
