import { isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { rejectionOf } from '../../../adapters/openai/batches/rejection.ts';
import { noSecrets } from '../../../adapters/http/scrub.ts';
import { openai } from '../../../adapters/openai/index.ts';
import { BatchRecordCodec } from '../../../lib/core/codec/batch-record-codec.ts';
import { createWorld, type FaultScript, type World } from '../../../lib/sim/index.ts';

const jobOf = (
  prompts: readonly string[],
  duplicates: 'send_once' | 'send_each' = 'send_each',
) => ({
  items: prompts.map((payload, i) => ({ itemId: `r${i}`, payload })),
  buildPrompt: ({ payload }: { readonly payload: string }) => payload,
  providerConfig: openai({ model: 'gpt-4.1-mini' }),
  ...(duplicates === 'send_once' ? { reusePolicy: { duplicates } as const } : {}),
});
const play = async (
  faults: FaultScript,
  prompts: readonly string[],
  duplicates: 'send_once' | 'send_each' = 'send_each',
) => {
  const world = await createWorld({ faults });
  const run = await world.until(world.runner.start(jobOf(prompts, duplicates), { runId: 'a' }));
  await world.settle(run);
  return { world, run };
};
const failedOf = async (world: World) => {
  const run = await world.runner.getRun('a');
  const results = await world.until(run.results({ order: 'input' }).toArray());
  return results.flatMap((result) =>
    result.status === 'completed' ? [] : [{ itemId: result.itemId, ...result.error }],
  );
};
const refused: FaultScript = [
  { type: 'validation_fails', batch: 1, code: 'invalid_json_line', lines: [2, 4] },
];
const said = (line: number) => ({
  code: 'invalid_json_line',
  message: 'The batch was refused: invalid_json_line.',
  param: null,
  line,
});

describe('a row that is dropped because validation named its line', () => {
  it('shows the entry of the provider on that line in its result, whatever process reads it, also when raw files are gone', async () => {
    const { world, run } = await play(refused, ['a', 'b', 'c', 'd', 'e']);
    await using here = world;
    const shown = (itemId: string, line: number) => ({
      itemId,
      errorClass: 'invalid_request',
      errorCode: 'invalid_json_line',
      message: said(line).message,
      retryable: false,
      rawError: said(line),
    });
    expect(await failedOf(here)).toEqual([shown('r1', 2), shown('r3', 4)]);
    const inspected = await here.until(run.inspect('r3'));
    expect(inspected.attempts[0]?.rejectionMessage).toContain('line 4: invalid_json_line');
    await here.crash();
    expect(await failedOf(here)).toEqual([shown('r1', 2), shown('r3', 4)]);
    expect((await here.until((await here.runner.getRun('a')).verify())).broken).toBeNull();
  });

  it('fails by what was said of it, where that is more than that the request is no good', async () => {
    const filtered: FaultScript = [
      { type: 'validation_fails', batch: 1, code: 'content_filter', lines: [2] },
    ];
    const { world } = await play(filtered, ['a', 'b', 'c']);
    await using here = world;
    expect(await failedOf(here)).toMatchObject([
      { itemId: 'r1', errorClass: 'content_filtered', rawError: { code: 'content_filter' } },
    ]);
  });

  it('is dropped alone where a remark on the whole stands beside its line, however often', async () => {
    const faults: FaultScript = [1, 2, 3, 4].map((batch) => ({
      type: 'validation_fails',
      batch,
      code: `reason_${batch}`,
      lines: [2],
      remark: 'The batch has errors.',
    }));
    const { world, run } = await play(faults, ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    await using here = world;
    expect((await failedOf(here)).map(({ itemId }) => itemId)).toEqual(['r1', 'r2', 'r3', 'r4']);
    expect(run.summary()).toMatchObject({
      status: 'completed_with_failures',
      itemCounts: { completed: 3, failed_permanent: 4 },
    });
  });

  it('shows it too where it shares the request of the row that was sent', async () => {
    const { world } = await play(refused, ['a', 'b', 'c', 'd', 'b'], 'send_once');
    await using here = world;
    expect((await failedOf(here)).map(({ itemId, rawError }) => [itemId, rawError])).toEqual([
      ['r1', said(2)],
      ['r3', said(4)],
      ['r4', said(2)],
    ]);
  });

  it.each(['upload', 'create'] as const)(
    'or because the %s was refused for it: the rest is answered, no law is broken',
    async (at) => {
      const faults: FaultScript = [{ type: 'line_refused', at, line: 2, times: 2 }];
      const { world, run } = await play(faults, ['a', 'b', 'c', 'd', 'e']);
      await using here = world;
      const shown = (itemId: string, line: number) => {
        const message = `Invalid request on line ${line}: the request is not valid.`;
        const rawError = { code: 'invalid_line', message, param: `line ${line}`, line };
        return {
          itemId,
          errorClass: 'invalid_request',
          errorCode: 'invalid_line',
          message,
          retryable: false,
          rawError,
        };
      };
      expect(await failedOf(here)).toEqual([shown('r1', 2), shown('r2', 2)]);
      expect(run.summary()).toMatchObject({
        status: 'completed_with_failures',
        itemCounts: { completed: 3, failed_permanent: 2 },
      });
      const inspected = await here.until(run.inspect('r2'));
      expect(inspected).toMatchObject({
        attemptCount: 0,
        attempts: [{ outcome: 'released' }, { outcome: 'failed', isCharged: false }],
      });
      expect((await here.until(run.verify())).broken).toBeNull();
    },
  );

  it('or because it alone is too large for the service, in the words of the service', async () => {
    const faults: FaultScript = [{ type: 'upload_too_large', bytesMax: 400 }];
    const { world, run } = await play(faults, ['a', 'b'.repeat(500), 'c', 'd']);
    await using here = world;
    expect(await failedOf(here)).toMatchObject([
      { itemId: 'r1', errorClass: 'request_too_large', rawError: { line: 1 } },
    ]);
    expect((await failedOf(here))[0]?.message).toContain('File is too large.');
    expect(run.summary().itemCounts).toMatchObject({ completed: 3, failed_permanent: 1 });
    expect((await here.until(run.verify())).broken).toBeNull();
  });

  it('of a run that an earlier release wrote reads as before: by its class alone', () => {
    const rejection = {
      type: 'invalid_lines',
      message: 'm',
      lines: [1],
      statedTokensMax: null,
      statedRequestsMax: null,
    };
    const record = {
      ...{
        batchNo: 1,
        batchKey: 'k',
        requests: 1,
        state: 'settled',
        indexes: [0, 1],
        createAttempt: 1,
        inputFileId: 'f',
      },
      ...{
        providerBatchId: 'b',
        providerStatus: 'failed',
        files: null,
        inputTokens: 0,
        completedCount: 0,
        failedCount: 1,
        retriedCount: 0,
      },
      ending: { type: 'rejected', outputFileId: null, errorFileId: null, rejection },
      usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 },
    };
    const read = BatchRecordCodec.decode(record);
    expect(isRight(read) && read.right.ending?.rejection?.said).toEqual([]);
  });
});

describe('what a provider says against many lines', () => {
  const entry = (line: number, chars: number) => ({
    line,
    code: 'c',
    message: 'x'.repeat(chars),
    param: null,
  });
  it('is kept word for word, all of one line together, and as a whole within a bound: lines beyond it are named again later', () => {
    const few = rejectionOf(
      { data: [entry(7, 10), entry(2, 10), entry(7, 20), entry(7, 10)] },
      noSecrets.scrub,
    );
    expect(few).toMatchObject({
      type: 'invalid_lines',
      lines: [2, 7],
      said: [entry(2, 10), { ...entry(7, 10), message: `${'x'.repeat(10)}; ${'x'.repeat(20)}` }],
    });
    const many = rejectionOf(
      { data: Array.from({ length: 5_000 }, (_, i) => entry(i + 1, 400)) },
      noSecrets.scrub,
    );
    expect(many.lines).toEqual(many.said.map(({ line }) => line));
    expect(many.said.length).toBeGreaterThan(100);
    expect(JSON.stringify(many).length).toBeLessThan(300_000);
  });
});
