import { describe, expect, it } from 'vitest';
import {
  type CustomIdFormat,
  customIdsOf,
  stampCustomIds,
  stampOf,
} from '../../lib/core/values/custom-ids.ts';
import type { ProviderConnection } from '../../lib/ports/provider.ts';
import { BatchRunner } from '../../lib/run/api/runner.ts';
import { createFakeProvider, fakeConnection, memoryStore } from '../../lib/sim/index.ts';
import { createWorld } from '../../lib/sim/world.ts';
import { itemsOf, jobOf } from '../support/sim/jobs.ts';

/** The lines as they pass: as many bytes as were promised, and whose they are. */
async function* noted(
  lines: AsyncIterable<Uint8Array>,
  bytes: number,
  uploads: (readonly string[])[],
): AsyncGenerator<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of lines) {
    parts.push(part.slice());
    yield part;
  }
  const whole = Buffer.concat(parts);
  expect(whole.length).toBe(bytes);
  uploads.push(
    [...whole.toString('utf8').matchAll(/"custom_id":"([^"]+)"/gu)].map(([, id = '']) => id),
  );
}

describe('the custom_ids of a run', () => {
  it('carry batch and attempt where the wire proves by them, at the same line length, and the answers are read by them', async () => {
    const uploads: (readonly string[])[] = [];
    const fake = fakeConnection(
      createFakeProvider({
        nowMs: () => Date.now(),
        turnaroundMs: { min: 1, max: 2 },
        faults: [{ type: 'rows_fail', ratio: 1, statusCode: 500, batch: 1 }],
      }),
    );
    const proving: ProviderConnection = {
      name: fake.name,
      kind: fake.kind,
      connect: (config) => {
        const provider = fake.connect(config);
        return {
          ...provider,
          stampCustomIds,
          upload: (input) =>
            provider.upload({ ...input, lines: noted(input.lines, input.bytes, uploads) }),
        };
      },
    };
    await using runner = new BatchRunner({ storage: memoryStore(), providers: [proving] });
    const retryPolicy = { itemBackoff: { initialMs: 1, factor: 1, maxMs: 1 } };
    const run = await runner.start(
      jobOf(fake, itemsOf(6), { maxRequests: 3 }, { retryPolicy, pollIntervalMs: 5 }),
      { runId: 'stamped' },
    );
    const summary = await run.wait();
    expect(summary.status).toBe('completed');
    const { customIds } = run.snapshot().config;
    expect(customIds).toMatchObject({ isStamped: true });
    const ids = customIdsOf({ customIds });
    // The first batch failed, and its rows went again in a third.
    expect(uploads.map((sent) => sent.map((id) => ids.indexOf(id)))).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [0, 1, 2],
    ]);
    uploads.forEach((sent, i) =>
      sent.forEach((id) => expect(id.slice(-7)).toBe(stampOf(i + 1, 1))),
    );
    expect((await run.verify()).broken).toBeNull();
    const inspected = await run.inspect('id-1');
    expect(inspected.attempts.map(({ lines }) => lines.map(({ verdict }) => verdict))).toEqual([
      ['server_error'],
      ['succeeded'],
    ]);
  });

  it('have a nonce that differs from run to run, and none of another run is taken for its own', async () => {
    const storage = memoryStore();
    await using world = await createWorld({ seed: 4, storage });
    const formats: (CustomIdFormat | null)[] = [];
    for (const runId of ['one', 'two']) {
      const run = await world.runner.start(jobOf(world.connection, itemsOf(4)), { runId });
      await world.settle(run);
      formats.push(run.snapshot().config.customIds);
      expect((await run.inspect('id-3')).customId).toBe(
        `r${run.snapshot().config.customIds?.nonce}-3`,
      );
    }
    expect(formats).toMatchObject([{ isStamped: false }, { isStamped: false }]);
    expect(formats[0]?.nonce).not.toBe(formats[1]?.nonce);
  });
});
