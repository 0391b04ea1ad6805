import { describe, expect, it } from 'vitest';
import {
  startEmulator,
  type FakeProviderOptions,
  type Fault,
} from '../../../adapters/emulator/index.ts';
import type { OpenAIEndpoint } from '../../../adapters/openai/index.ts';
import type { BatchObservation } from '../../../lib/core/model/command.ts';
import type { JsonValue } from '../../../lib/core/json/json.ts';
import type { BatchProvider, LineVerdict, ProviderWire } from '../../../lib/ports/provider.ts';
import { connect, createInput, key, leftOf, rightOf, secret, sweepInput } from './stub.ts';

const rowCount = 40;
const dayMs = 86_400_000;

/** A provider before an emulator whose time stands still but for `advance`. */
const stand = async (options: FakeProviderOptions = {}, endpoint: OpenAIEndpoint = 'responses') => {
  const emulator = await startEmulator({ ...options, speed: 0, apiKey: secret });
  const provider = connect({ baseURL: emulator.baseURL, apiKey: secret }, { endpoint });
  return { emulator, provider, [Symbol.asyncDispose]: () => emulator.close() };
};

const uploadRows = async (provider: BatchProvider & ProviderWire): Promise<string> => {
  const render = provider.renderer({
    jsonSchema: null,
    schemaName: null,
    raisedOutputTokensMax: null,
  });
  const lines = Array.from({ length: rowCount }, (_, index) => {
    const rendered = render(`row-${index}`, `What is ${index}?\u2028`);
    return Buffer.from('line' in rendered ? rendered.line : '');
  });
  const bytes = lines.reduce((sum, line) => sum + line.length, 0);
  const chunks = (async function* () {
    await Promise.resolve();
    yield* lines;
  })();
  const { inputFileId } = await rightOf(
    provider.upload({
      batchKey: key('key-1'),
      createAttempt: 2,
      bytes,
      lines: chunks,
      expiresAfterMs: dayMs,
    }),
  );
  return inputFileId;
};

const observeOne = async (
  provider: BatchProvider,
  providerBatchId: BatchObservation['providerBatchId'],
): Promise<BatchObservation> => {
  const [observation] = await rightOf(
    provider.observe([{ batchKey: key('key-1'), providerBatchId }]),
  );
  if (observation === undefined) throw new Error('not observed');
  return observation;
};

const linesOf = async (
  provider: BatchProvider,
  fileId: string | null | undefined,
): Promise<readonly string[]> => {
  if (fileId === null || fileId === undefined) return [];
  const parts: Uint8Array[] = [];
  for await (const chunk of (await rightOf(provider.download(fileId))).chunks) parts.push(chunk);
  return Buffer.concat(parts)
    .toString()
    .split('\n')
    .filter((line) => line !== '');
};

/** Runs one batch to its end. */
const runBatch = async (options: FakeProviderOptions, endpoint?: OpenAIEndpoint) => {
  await using it = await stand(options, endpoint);
  const { provider, emulator } = it;
  const inputFileId = await uploadRows(provider);
  const { providerBatchId } = await rightOf(provider.create({ ...createInput, inputFileId }));
  await emulator.advance(2 * dayMs);
  const { ending, progress } = await observeOne(provider, providerBatchId);
  const lines = [
    ...(await linesOf(provider, ending?.outputFileId)),
    ...(await linesOf(provider, ending?.errorFileId)),
  ];
  const verdicts = lines.map((line): LineVerdict => provider.readVerdict(line));
  return {
    ending,
    progress,
    verdicts,
    outputs: lines.map((line): JsonValue => provider.readContent(line).output),
  };
};

describe('a batch at the emulator', () => {
  it.each<[OpenAIEndpoint, (output: JsonValue) => boolean]>([
    ['responses', (output) => typeof output === 'string'],
    ['chat.completions', (output) => typeof output === 'string'],
    ['completions', (output) => typeof output === 'string'],
    [
      'embeddings',
      (output) => Array.isArray(output) && output.every((number) => typeof number === 'number'),
    ],
    [
      'moderations',
      (output) => typeof output === 'object' && output !== null && 'flagged' in output,
    ],
  ])('of %s goes from lines to answers', async (endpoint, isOutput) => {
    const { ending, progress, verdicts, outputs } = await runBatch({}, endpoint);
    expect(ending).toMatchObject({ type: 'completed', rejection: null });
    expect(progress).toEqual({ total: rowCount, completed: rowCount, failed: 0 });
    expect(verdicts.map((verdict) => verdict.type)).toEqual(
      Array.from({ length: rowCount }, () => 'succeeded'),
    );
    expect(
      new Set(verdicts.map((verdict) => ('customId' in verdict ? verdict.customId : null))),
    ).toHaveProperty('size', rowCount);
    expect(outputs.every(isOutput)).toBe(true);
  });

  it.each<[string, Fault, string]>([
    [
      'rows that the server fails',
      { type: 'rows_fail', ratio: 1, statusCode: 500 },
      'server_error',
    ],
    ['rows at the rate limit', { type: 'rows_fail', ratio: 1, statusCode: 429 }, 'rate_limited'],
    ['rows that are bad', { type: 'rows_fail', ratio: 1, statusCode: 400 }, 'invalid_request'],
    ['rows that are cut', { type: 'rows_truncated', ratio: 1 }, 'truncated'],
    ['rows that are refused', { type: 'rows_refused', ratio: 1 }, 'refusal'],
    ['rows with a status of 0', { type: 'rows_status_zero', ratio: 1 }, 'server_error'],
    ['rows that take too long', { type: 'rows_timed_out', ratio: 1 }, 'request_timeout'],
    ['a batch that expires', { type: 'expires', completedRatio: 0 }, 'batch_expired'],
    [
      'a batch that somebody cancels',
      { type: 'cancelled_by_hand', completedRatio: 0 },
      'batch_cancelled',
    ],
  ])('with %s has them fail by name', async (_name, fault, failureClass) => {
    const { verdicts } = await runBatch({ faults: [fault] });
    expect(verdicts).toHaveLength(rowCount);
    for (const verdict of verdicts) expect(verdict).toMatchObject({ type: 'failed', failureClass });
  });

  it.each<[Fault, object]>([
    [
      { type: 'validation_fails', code: 'invalid_json_line', lines: [7, 3] },
      { type: 'invalid_lines', lines: [3, 7] },
    ],
    [
      {
        type: 'validation_fails',
        code: 'invalid_json_line',
        lines: [3],
        remark: 'The batch has errors.',
      },
      { type: 'invalid_lines', lines: [3] },
    ],
    [{ type: 'validation_fails', code: 'token_limit_exceeded' }, { type: 'over_capacity' }],
  ])('that fails validation says why: %j', async (fault, rejection) => {
    const { ending, verdicts } = await runBatch({ faults: [fault] });
    expect(ending).toMatchObject({ type: 'rejected', rejection });
    expect(verdicts).toEqual([]);
  });

  it('is found where the answer to its create is lost, under its key and attempt, and was bought once', async () => {
    await using it = await stand({ faults: [{ type: 'lose_create_reply' }] });
    const inputFileId = await uploadRows(it.provider);
    expect((await leftOf(it.provider.create({ ...createInput, inputFileId }))).type).toBe(
      'unclear',
    );
    const asked = sweepInput([createInput.batchKey], Date.now());
    const creates = asked.creates.map((create) => ({ ...create, inputFileId }));
    const { found, files } = await rightOf(it.provider.sweep({ ...asked, creates }));
    expect(found).toMatchObject([
      {
        batchKey: createInput.batchKey,
        createAttempt: createInput.createAttempt,
        inputFileId,
        ending: null,
      },
    ]);
    expect(files).toMatchObject([{ inputFileId }]);
  });

  it('that was never created is not found', async () => {
    await using it = await stand({ faults: [{ type: 'drop_create' }] });
    const inputFileId = await uploadRows(it.provider);
    expect((await leftOf(it.provider.create({ ...createInput, inputFileId }))).type).toBe(
      'unclear',
    );
    expect(
      await rightOf(it.provider.sweep(sweepInput([createInput.batchKey], Date.now()))),
    ).toMatchObject({
      found: [],
      readBackToMs: null,
    });
  });

  it.each<[Fault, string]>([
    [{ type: 'create_refused', reason: 'over_capacity' }, 'over_capacity'],
    [{ type: 'create_refused', reason: 'insufficient_quota' }, 'insufficient_quota'],
    [{ type: 'create_refused', reason: 'unauthorized' }, 'authentication_failed'],
    [
      { type: 'http_error', operation: 'create_batch', statusCode: 429, retryAfterMs: 1_500 },
      'transient',
    ],
    [{ type: 'http_error', operation: 'create_batch', statusCode: 500 }, 'unclear'],
    [{ type: 'connection_lost', operation: 'create_batch' }, 'unclear'],
  ])('that is refused (%j) is %s', async (fault, type) => {
    await using it = await stand({ faults: [fault] });
    const inputFileId = await uploadRows(it.provider);
    expect((await leftOf(it.provider.create({ ...createInput, inputFileId }))).type).toBe(type);
  });

  it('that is not known yet is left out, and cancelled once it is', async () => {
    await using it = await stand({ faults: [{ type: 'not_found_after_create', forMs: 60_000 }] });
    const inputFileId = await uploadRows(it.provider);
    const { providerBatchId } = await rightOf(it.provider.create({ ...createInput, inputFileId }));
    expect(
      await rightOf(it.provider.observe([{ batchKey: key('key-1'), providerBatchId }])),
    ).toEqual([]);
    expect((await leftOf(it.provider.cancel(providerBatchId))).type).toBe('not_found');
    await it.emulator.advance(61_000);
    await rightOf(it.provider.cancel(providerBatchId));
    await it.emulator.advance(dayMs);
    expect((await observeOne(it.provider, providerBatchId)).ending?.type).toBe('cancelled');
    await rightOf(it.provider.cancel(providerBatchId));
  });

  it('whose file is cut on the way throws where it is read', async () => {
    await using it = await stand({
      faults: [{ type: 'truncated_download', keepRatio: 0.5, times: 1 }],
    });
    const inputFileId = await uploadRows(it.provider);
    const { providerBatchId } = await rightOf(it.provider.create({ ...createInput, inputFileId }));
    await it.emulator.advance(2 * dayMs);
    const { ending } = await observeOne(it.provider, providerBatchId);
    await expect(linesOf(it.provider, ending?.outputFileId)).rejects.toThrow(
      /^the transfer of file-.* ended after \d+ of \d+ bytes/u,
    );
    expect(await linesOf(it.provider, ending?.outputFileId)).toHaveLength(rowCount);
  });
});
