import { describe, expect, it } from 'vitest';
import { startEmulator } from '../../../adapters/emulator/index.ts';
import {
  type CompatibleName,
  createCompatible,
  serviceProfiles,
} from '../../../adapters/openai/index.ts';
import { dialects } from '../../../adapters/emulator/compatible/dialects.ts';
import { BatchRunner, memoryStore } from '../../../lib/index.ts';
import { leftOf, rightOf, secret } from '../openai/stub.ts';

const names = Object.keys(serviceProfiles) as readonly CompatibleName[];
const backoff = { initialMs: 10, factor: 2, maxMs: 50 };

describe('a run at a service that speaks OpenAI’s API', () => {
  it('has a dialect for each profile', () => {
    expect(Object.keys(dialects).toSorted()).toEqual([...names].toSorted());
  });

  it.each(names)(
    'answers each row once, reads what failed, and finds a lost create (%s)',
    async (name) => {
      await using emulator = await startEmulator({
        provider: name,
        apiKey: secret,
        turnaroundMs: { min: 50, max: 100 },
        validationMs: 10,
        finalizingMs: 10,
        faults: [
          { type: 'rows_fail', ratio: 1, statusCode: 400, batch: 1 },
          { type: 'lose_create_reply', batch: 2 },
        ],
      });
      const connection = createCompatible(name, {
        name: 'own',
        baseURL: emulator.baseURL,
        apiKey: secret,
      });
      await using runner = new BatchRunner({ storage: memoryStore(), providers: [connection] });
      const run = await runner.runAndWait({
        items: Array.from({ length: 20 }, (_, i) => ({
          itemId: `i${i}`,
          payload: `What is ${i}?`,
        })),
        buildPrompt: ({ payload }) => payload,
        providerConfig: connection({
          model: 'm',
          endpoint: 'chat.completions',
          pollIntervalMs: 20,
          createGraceMs: 200,
        }),
        chunkPolicy: { maxRequests: 10 },
        retryPolicy: { batchBackoff: backoff, itemBackoff: backoff },
      });
      const results = await run.results().toArray();
      const failed = results.flatMap((result) =>
        result.status === 'completed' ? [] : [result.error],
      );
      expect(results).toHaveLength(20);
      expect(failed.length).toBeGreaterThan(0);
      expect(failed.length).toBeLessThanOrEqual(10);
      for (const error of failed) {
        expect(error.errorClass).toBe('invalid_request');
        expect(error.message).toMatch(/invalid/iu);
      }
      expect(emulator.ledger).toMatchObject({ doubleBilledCount: 0 });
      expect(await run.verify()).toMatchObject({ isSound: true });
    },
  );

  it.each(names)('is refused with the key of another (%s)', async (name) => {
    await using emulator = await startEmulator({ provider: name, apiKey: secret });
    const profile = serviceProfiles[name];
    const at = (apiKey: string) =>
      createCompatible(name, { apiKey, baseURL: emulator.baseURL }).connect({
        model: 'm',
        endpoint: profile.endpoints[0],
        completionWindow: '24h',
        params: {},
        requestTimeoutMs: 60_000,
      });
    await rightOf(at(secret).check());
    expect((await leftOf(at('other').check())).type).toBe('authentication_failed');
  });
});
