import { describe, expect, it } from 'vitest';
import type { EmulatorOptions, Fault } from '../../../adapters/emulator/index.ts';
import type { GeminiEndpoint } from '../../../adapters/gemini/index.ts';
import type { JsonValue } from '../../../lib/core/json/json.ts';
import type { BatchObservation } from '../../../lib/core/model/command.ts';
import type { BatchProvider, LineVerdict, ProviderWire } from '../../../lib/ports/provider.ts';
import {
  batchId,
  createInput,
  key,
  leftOf,
  rightOf,
  stand,
  sweepInput,
  uploadInput,
} from './stand.ts';

const rowCount = 40;
const dayMs = 86_400_000;

const uploadRows = async (
  provider: BatchProvider & ProviderWire,
  jsonSchema: Parameters<ProviderWire['renderer']>[0]['jsonSchema'] = null,
): Promise<string> => {
  const render = provider.renderer({ jsonSchema, schemaName: null, raisedOutputTokensMax: null });
  const lines = Array.from({ length: rowCount }, (_, index) => {
    const rendered = render(`row-${index}`, `What is ${index}?\u2028`);
    return 'line' in rendered ? rendered.line : '';
  });
  const file = await rightOf(provider.upload(uploadInput(lines.join(''))));
  expect(file.expiresAtMs).toBeGreaterThan(Date.now() + 1.9 * dayMs);
  return file.inputFileId;
};

const observeOne = async (
  provider: BatchProvider,
  providerBatchId: BatchObservation['providerBatchId'],
): Promise<BatchObservation> => {
  const [observation] = await rightOf(
    provider.observe([{ batchKey: createInput.batchKey, providerBatchId }]),
  );
  if (observation === undefined) throw new Error('not observed');
  return observation;
};

const textOf = async (provider: BatchProvider, fileId: string): Promise<string> => {
  const parts: Uint8Array[] = [];
  for await (const chunk of (await rightOf(provider.download(fileId))).chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
};

/** Runs one batch to its end. */
const runBatch = async (options: EmulatorOptions, endpoint?: GeminiEndpoint) => {
  await using it = await stand(options, endpoint === undefined ? {} : { endpoint });
  const { provider, emulator } = it;
  const inputFileId = await uploadRows(provider);
  const { providerBatchId } = await rightOf(provider.create({ ...createInput, inputFileId }));
  await emulator.advance(2 * dayMs + 1);
  const { ending, progress, areFilesPending } = await observeOne(provider, providerBatchId);
  const outputFileId = ending?.outputFileId ?? null;
  const lines =
    outputFileId === null
      ? []
      : (await textOf(provider, outputFileId)).split('\n').filter((line) => line !== '');
  return {
    ending,
    progress,
    areFilesPending,
    verdicts: lines.map((line): LineVerdict => provider.readVerdict(line)),
    outputs: lines.map((line): JsonValue => provider.readContent(line).output),
  };
};

describe('a batch at the emulator', () => {
  it.each<[GeminiEndpoint, (output: JsonValue) => boolean]>([
    ['generateContent', (output) => typeof output === 'string' && output.includes('What is')],
    [
      'embedContent',
      (output) => Array.isArray(output) && output.every((number) => typeof number === 'number'),
    ],
  ])('of %s goes from lines to answers, each with its key', async (endpoint, isOutput) => {
    const { ending, progress, verdicts, outputs, areFilesPending } = await runBatch({}, endpoint);
    expect(ending).toMatchObject({ type: 'completed', errorFileId: null, rejection: null });
    expect(areFilesPending).toBe(false);
    expect(progress).toEqual({ total: rowCount, completed: rowCount, failed: 0 });
    expect(verdicts.map(({ type }) => type)).toEqual(
      Array.from({ length: rowCount }, () => 'succeeded'),
    );
    const keys = verdicts.map((verdict) => ('customId' in verdict ? verdict.customId : ''));
    expect(new Set(keys).size).toBe(rowCount);
    expect(keys).not.toEqual(Array.from({ length: rowCount }, (_, i) => `row-${i}`));
    expect(outputs.every(isOutput)).toBe(true);
  });

  it('has thoughts in the usage of each answer, and not in its text', async () => {
    const { verdicts, outputs } = await runBatch({});
    for (const verdict of verdicts)
      expect(verdict).toMatchObject({ usage: { reasoningTokens: 32, cachedInputTokens: 0 } });
    expect(JSON.stringify(outputs)).not.toContain('It is asked');
  });

  it.each<[string, Fault, string]>([
    [
      'rows that the server fails',
      { type: 'rows_fail', ratio: 1, statusCode: 500 },
      'server_error',
    ],
    ['rows at the rate limit', { type: 'rows_fail', ratio: 1, statusCode: 429 }, 'rate_limited'],
    ['rows that are bad', { type: 'rows_fail', ratio: 1, statusCode: 400 }, 'invalid_request'],
    [
      'rows that are too long',
      { type: 'rows_fail', ratio: 1, statusCode: 400, code: 'context_length_exceeded' },
      'context_too_long',
    ],
    [
      'rows without money',
      { type: 'rows_fail', ratio: 1, statusCode: 429, code: 'insufficient_quota' },
      'insufficient_quota',
    ],
    ['rows that are cut', { type: 'rows_truncated', ratio: 1 }, 'truncated'],
    ['rows that are refused', { type: 'rows_refused', ratio: 1 }, 'content_filtered'],
    ['rows with thoughts alone', { type: 'rows_reasoning_only', ratio: 1 }, 'empty_output'],
    [
      'rows that end in a recitation',
      { type: 'rows_end_with', ratio: 1, reason: 'recitation' },
      'content_filtered',
    ],
    ['rows that answer nothing', { type: 'rows_status_zero', ratio: 1 }, 'malformed_result'],
    ['rows that take too long', { type: 'rows_timed_out', ratio: 1 }, 'request_timeout'],
    [
      'a batch that is cancelled by hand',
      { type: 'cancelled_by_hand', completedRatio: 0 },
      'batch_cancelled',
    ],
  ])('with %s has them fail by name', async (_name, fault, failureClass) => {
    const { verdicts } = await runBatch({ faults: [fault] });
    expect(verdicts).toHaveLength(rowCount);
    for (const verdict of verdicts) expect(verdict).toMatchObject({ type: 'failed', failureClass });
  });

  it.each<[string, Fault, JsonValue]>([
    ['calls', { type: 'rows_tool_calls', ratio: 1 }, [{ functionCall: { name: 'look_up' } }]],
    ['pictures', { type: 'rows_images', ratio: 1 }, [{ inlineData: { mimeType: 'image/png' } }]],
    ['sound', { type: 'rows_audio', ratio: 1 }, [{ inlineData: { mimeType: 'audio/wav' } }]],
  ])('with %s gives them as the API wrote them', async (_name, fault, parts) => {
    const { verdicts, outputs } = await runBatch({ faults: [fault] });
    expect(verdicts.every(({ type }) => type === 'succeeded')).toBe(true);
    for (const output of outputs) expect(output).toMatchObject({ role: 'model', parts });
  });

  it('reads malformed lines as such, and knows whose they may be', async () => {
    const { verdicts } = await runBatch({ faults: [{ type: 'rows_malformed', ratio: 1 }] });
    expect(verdicts).toEqual(verdicts.map(() => ({ type: 'malformed' })));
    expect(verdicts).toHaveLength(rowCount);
  });

  it('answers in the schema that is asked for', async () => {
    await using it = await stand();
    const { provider, emulator } = it;
    const jsonSchema = {
      type: 'object',
      properties: { label: { type: 'string', const: 'good' } },
      required: ['label'],
      additionalProperties: false,
    };
    const inputFileId = await uploadRows(provider, jsonSchema);
    const { providerBatchId } = await rightOf(provider.create({ ...createInput, inputFileId }));
    await emulator.advance(dayMs);
    const { ending } = await observeOne(provider, providerBatchId);
    const text = await textOf(provider, ending?.outputFileId ?? '');
    for (const line of text.split('\n').filter((each) => each !== ''))
      expect(provider.readVerdict(line, 'text')).toMatchObject({ outputText: '{"label":"good"}' });
  });

  it('that expires keeps nothing', async () => {
    const { ending, verdicts, areFilesPending } = await runBatch({
      faults: [{ type: 'expires', completedRatio: 0.5 }],
    });
    expect(ending).toEqual({
      type: 'expired',
      outputFileId: null,
      errorFileId: null,
      rejection: null,
    });
    expect(areFilesPending).toBe(false);
    expect(verdicts).toEqual([]);
  });

  it('tells of files that are still to come', async () => {
    await using it = await stand({ faults: [{ type: 'files_late', forMs: dayMs }] });
    const { provider, emulator } = it;
    const inputFileId = await uploadRows(provider);
    const { providerBatchId } = await rightOf(provider.create({ ...createInput, inputFileId }));
    await emulator.advance(6 * 3_600_000);
    expect(await observeOne(provider, providerBatchId)).toMatchObject({
      ending: { type: 'completed', outputFileId: null },
      areFilesPending: true,
    });
    await emulator.advance(2 * dayMs);
    expect((await observeOne(provider, providerBatchId)).areFilesPending).toBe(false);
  });

  it('that cannot be validated is rejected with its line', async () => {
    await using it = await stand();
    const { provider, emulator } = it;
    const lines = '{"key":"a","request":{"contents":[{"parts":[{"text":"Hi"}]}]}}\nnonsense\n';
    const { inputFileId } = await rightOf(provider.upload(uploadInput(lines)));
    const { providerBatchId } = await rightOf(provider.create({ ...createInput, inputFileId }));
    await emulator.advance(dayMs);
    expect((await observeOne(provider, providerBatchId)).ending).toMatchObject({
      type: 'rejected',
      rejection: { type: 'invalid_lines', lines: [2] },
    });
  });

  it('is counted while it runs, accepted once it does, and expires after 48 hours', async () => {
    await using it = await stand({ turnaroundMs: { min: 40 * 3_600_000, max: 40 * 3_600_000 } });
    const { provider, emulator } = it;
    const inputFileId = await uploadRows(provider);
    const created = await rightOf(provider.create({ ...createInput, inputFileId }));
    expect(created.providerStatus).toBe('PENDING');
    const early = await observeOne(provider, created.providerBatchId);
    expect(early).toMatchObject({
      isAccepted: false,
      stage: 'validating',
      progress: { total: rowCount, completed: 0, failed: 0 },
    });
    expect((early.expiresAtMs ?? 0) - (early.createdAtMs ?? 0)).toBe(2 * dayMs);
    await emulator.advance(20 * 3_600_000);
    const half = await observeOne(provider, created.providerBatchId);
    expect(half).toMatchObject({ providerStatus: 'RUNNING', isAccepted: true, ending: null });
    expect(half.progress?.completed).toBeGreaterThan(5);
  });

  it('is cancelled; asking again, and of one that is over, is as good', async () => {
    await using it = await stand();
    const { provider, emulator } = it;
    const inputFileId = await uploadRows(provider);
    const { providerBatchId } = await rightOf(provider.create({ ...createInput, inputFileId }));
    await rightOf(provider.cancel(providerBatchId));
    await rightOf(provider.cancel(providerBatchId));
    await emulator.advance(dayMs);
    expect((await observeOne(provider, providerBatchId)).ending?.type).toBe('cancelled');
    await rightOf(provider.cancel(providerBatchId));
    expect(await leftOf(provider.cancel(batchId('batches/none')))).toMatchObject({
      type: 'not_found',
    });
  });

  it('whose answer was lost is found by its display name, with its attempt', async () => {
    await using it = await stand({ faults: [{ type: 'lose_create_reply', batch: 1 }] });
    const { provider } = it;
    const inputFileId = await uploadRows(provider);
    expect((await leftOf(provider.create({ ...createInput, inputFileId }))).type).toBe('unclear');
    const report = await rightOf(provider.sweep(sweepInput([{ batchKey: 'bk_1', inputFileId }])));
    expect(report).toMatchObject({
      found: [{ batchKey: 'bk_1', createAttempt: 2, inputFileId: null, ending: null }],
      files: [{ inputFileId }],
      readBackToMs: null,
      isRunSeen: true,
    });
    expect(report.files[0]?.createdAtMs).toBeGreaterThan(0);
    const [found] = report.found;
    expect(await rightOf(provider.identify(found?.providerBatchId ?? batchId('')))).toEqual(found);
  });

  it('is fenced off: a create that comes once its file is deleted runs nothing', async () => {
    await using it = await stand();
    const { provider, emulator } = it;
    const inputFileId = await uploadRows(provider);
    await rightOf(provider.deleteFile(inputFileId));
    await rightOf(provider.deleteFile(inputFileId));
    const swept = await rightOf(provider.sweep(sweepInput([{ batchKey: 'bk_1', inputFileId }])));
    expect(swept).toMatchObject({ found: [], files: [], isRunSeen: false });
    const late = await rightOf(provider.create({ ...createInput, inputFileId }));
    await emulator.advance(dayMs);
    expect((await observeOne(provider, late.providerBatchId)).ending?.type).toBe('rejected');
    expect(emulator.ledger.requestsBilled).toBe(0);
  });

  it('is left out where it is not known, or another’s', async () => {
    await using it = await stand();
    const { provider } = it;
    const inputFileId = await uploadRows(provider);
    const { providerBatchId } = await rightOf(provider.create({ ...createInput, inputFileId }));
    const asked = [
      { batchKey: key('bk_2'), providerBatchId },
      { batchKey: key('bk_3'), providerBatchId: batchId('batches/none') },
      { batchKey: key('bk_4'), providerBatchId: batchId('batches/../../x') },
    ];
    expect(await rightOf(provider.observe(asked))).toEqual([]);
    expect(await rightOf(provider.identify(batchId('batches/none')))).toBeNull();
  });
});
