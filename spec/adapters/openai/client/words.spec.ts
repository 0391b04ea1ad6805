import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createScrub } from '../../../../adapters/http/scrub.ts';
import type { JsonObject } from '../../../../lib/core/json/json.ts';
import {
  apiError,
  at,
  batchId,
  connect,
  createInput,
  json,
  key,
  leftOf,
  rightOf,
  secret,
  startStub,
} from '../stub.ts';

const token = 'team-token-12345';
/** What a hostile or careless service may put into any of its words. */
const words = `no: ${secret} and ${token}\u001b[31m\u001b]0;title\u0007 red\u202e\u2066 line\r\nbreak \u0000\u009b31m ${'x'.repeat(5_000)}`;
const isClean = (text: string): void => {
  expect(text).not.toContain('0123456789abcdef');
  expect(text).not.toContain(token);
  // JSON writes control characters as \u00xx; the others as they are.
  expect(text).not.toMatch(/\\u00|\\[nrtbf]|[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u);
  expect(text).not.toMatch(/\[31m|title/u);
  expect(text.length).toBeLessThan(4_000);
};
const mine = (baseURL: string) =>
  connect({ baseURL, apiKey: secret, headers: { 'x-team-token': token } });
const batch = (more: JsonObject): JsonObject => ({
  id: 'batch_1',
  object: 'batch',
  status: 'in_progress',
  ...more,
});

describe('the words of a provider', () => {
  it('are clean in the error of a call, wherever they stand', async () => {
    await using stub = await startStub((_seen, response) =>
      json(response, 400, apiError(words, words, words)),
    );
    const error = await leftOf(mine(stub.baseURL).create(createInput));
    expect(JSON.stringify(error)).toContain('red');
    isClean(JSON.stringify(error));
  });

  it('are clean in the errors and the status of a batch', async () => {
    const errors = { data: [{ code: words, message: words, line: 1 }] };
    await using stub = await startStub((_seen, response) =>
      json(response, 200, batch({ status: `failed`, errors })),
    );
    const [seen] = await rightOf(
      mine(stub.baseURL).observe([{ batchKey: key('k'), providerBatchId: batchId('batch_1') }]),
    );
    expect(seen?.ending?.rejection?.message).toContain('red');
    isClean(JSON.stringify(seen));
    await using odd = await startStub((_seen, response) =>
      json(response, 200, batch({ status: words })),
    );
    isClean(
      JSON.stringify(
        await rightOf(
          mine(odd.baseURL).observe([{ batchKey: key('k'), providerBatchId: batchId('batch_1') }]),
        ),
      ),
    );
    isClean(JSON.stringify(await rightOf(mine(odd.baseURL).create(createInput))));
  });

  it('are clean in the errors of answers; their own object is without the secrets', () => {
    const wire = mine('http://127.0.0.1:1/v1');
    for (const line of [
      {
        custom_id: 'row-0',
        response: { status_code: 400, body: { error: { message: words, code: words } } },
        error: null,
      },
      { custom_id: 'row-0', response: null, error: { message: words, code: words } },
      { custom_id: 'row-0', response: { status_code: 500, body: words }, error: null },
    ]) {
      const { error } = wire.readContent(JSON.stringify(line));
      expect(error?.message).toContain('red');
      isClean(JSON.stringify(error?.message));
      expect(JSON.stringify(error?.raw)).toContain('xxxx');
      expect(JSON.stringify(error?.raw)).not.toMatch(/0123456789abcdef|team-token/u);
    }
  });

  it.each(['batch_\u001b[2J', 'batch_\u202e1', `b${'x'.repeat(5_000)}`, 'batch_\n1'])(
    'make no id: %j',
    async (id) => {
      await using stub = await startStub((_seen, response) => json(response, 200, batch({ id })));
      expect((await leftOf(at(stub.baseURL).create(createInput))).type).toBe('unclear');
      await using files = await startStub((_seen, response) =>
        json(response, 200, batch({ status: 'completed', output_file_id: id })),
      );
      // To read "no file" would be to take the answers for lost.
      expect(
        await rightOf(
          at(files.baseURL).observe([{ batchKey: key('k'), providerBatchId: batchId('batch_1') }]),
        ),
      ).toEqual([]);
    },
  );

  it('count what there can be', async () => {
    const counts = { total: 1e300, completed: -1, failed: 0.5 };
    await using stub = await startStub((_seen, response) =>
      json(response, 200, batch({ request_counts: counts, created_at: 1e300 })),
    );
    const [seen] = await rightOf(
      at(stub.baseURL).observe([{ batchKey: key('k'), providerBatchId: batchId('batch_1') }]),
    );
    expect(seen?.progress).toBeNull();
    expect((await rightOf(at(stub.baseURL).identify(batchId('batch_1'))))?.createdAtMs).toBeNull();
  });

  it.each([
    'Authorization: Bearer abcdefgh1234',
    '"authorization":"token-of-theirs"',
    'x-api-key=abcdefgh',
    'Basic dXNlcjpwYXNz',
  ])('of the shape of a header of a key lose it: %s', (text) => {
    expect(createScrub([])(text)).toContain('[secret]');
    expect(createScrub([])(text)).not.toMatch(/abcdefgh|token-of|dXNl/u);
  });
});

describe('what OPENAI_LOG asks for', () => {
  it('goes nowhere: standard output belongs to the program, and headers hold secrets', async () => {
    await using stub = await startStub((_seen, response) =>
      json(response, 200, { object: 'list', data: [], has_more: false }),
    );
    const adapter = new URL('../../../../adapters/openai/index.ts', import.meta.url).href;
    const program = `
      const { createOpenAI } = await import(${JSON.stringify(adapter)});
      const options = { baseURL: ${JSON.stringify(stub.baseURL)}, apiKey: ${JSON.stringify(secret)}, headers: { 'x-team-token': ${JSON.stringify(token)} } };
      const config = { model: 'm', endpoint: 'responses', completionWindow: '24h', params: {}, requestTimeoutMs: 5000 };
      console.log((await createOpenAI(options).connect(config).check()())._tag);`;
    const tsx = fileURLToPath(
      new URL('../../../../node_modules/tsx/dist/cli.mjs', import.meta.url),
    );
    const env = { ...process.env, OPENAI_LOG: 'debug' };
    const said = await promisify(execFile)(
      process.execPath,
      [tsx, '--input-type=module', '-e', program],
      { env },
    );
    expect([said.stdout, said.stderr]).toEqual(['Right\n', '']);
  });
});

describe('an explanation of a provider', () => {
  const scrub = createScrub([]);
  it.each([
    'You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).',
    'Basic authentication is not supported. Use the header api-key: <your key>',
  ])('keeps its words: %s', (text) => expect(scrub(text)).toBe(text));

  it.each([
    ['Authorization: Bearer abc123def456', 'Authorization: Bearer [secret]'],
    ['sent Basic dXNlcjpwYXNz,', 'sent Basic [secret],'],
    ['{"api-key": "9f8e7d6c5b4a"}', '{"api-key": "[secret]"}'],
  ])('loses its secret: %s', (text, clean) => expect(scrub(text)).toBe(clean));
});
