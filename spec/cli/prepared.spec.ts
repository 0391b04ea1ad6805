import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCliWorld, type CliWorld } from './in-process.ts';

describe('a prepared batch file', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await createCliWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const body = { model: 'gpt-4.1', input: 'hello' };
  const request = { custom_id: 'one', method: 'POST', url: '/v1/responses', body };
  const dry = async (rows: readonly unknown[], ...flags: readonly string[]) => {
    world.write('p.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return world.run(['start', '--dry-run', '--input', 'p.jsonl', ...flags]);
  };

  it.each([
    [['--param', 'temperature=0.2'], '--param'],
    [['--system-prompt', 'Be brief'], '--system-prompt'],
    [['--endpoint', 'responses'], '--endpoint'],
    [['--keep-columns'], '--keep-columns'],
    [
      ['--model', 'gpt-4.1', '--id-field', 'custom_id', '--prompt-template', '{{body}}'],
      '--id-field',
    ],
  ])('is recognised beside %j, which is refused', async (flags, named) => {
    const ran = await dry([request], ...flags);
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toContain(`p.jsonl is a prepared batch file, which excludes ${named}`);
    expect(ran.stderr).toContain('--input-format jsonl');
  });

  it('is rows like any other by a format of its own, but no body is the text of a prompt', async () => {
    const own = ['--input-format', 'jsonl', '--model', 'gpt-4.1', '--id-field', 'custom_id'];
    expect((await dry([request], ...own, '--prompt-template', 'Why {{url}}?')).code).toBe(0);
    for (const prompt of [
      ['--prompt-template', '{{body}}'],
      ['--prompt-field', 'body'],
    ]) {
      const ran = await dry([request], ...own, ...prompt);
      expect([ran.code, ran.stderr]).toEqual([
        1,
        expect.stringContaining(`${prompt[0]} would send the JSON of each body as one message`),
      ]);
      expect(ran.stderr).toContain('as they are: batchor start --dry-run --input p.jsonl\n');
    }
  });

  const without = (name: string) =>
    Object.fromEntries(Object.entries(request).filter(([key]) => key !== name));
  it.each([
    [
      'no url',
      without('url'),
      'p.jsonl:1, field "url": a request in OpenAI\'s batch format, but it has no url',
    ],
    [
      'no model',
      { ...request, body: { input: 'x' } },
      'p.jsonl:1, field "body": a request in OpenAI\'s batch format, but its body has no model',
    ],
    [
      'a number for its id',
      { ...request, custom_id: 7 },
      'field "custom_id": a request in OpenAI\'s batch format, but its custom_id is 7',
    ],
    [
      'no id',
      without('custom_id'),
      'field "custom_id": a request in OpenAI\'s batch format, but it has no custom_id',
    ],
    [
      'a strange url',
      { ...request, url: 'https://h/v1/files' },
      'its url is "/v1/files", which is no endpoint',
    ],
    [
      "Anthropic's form",
      { custom_id: 'a', params: { model: 'm', messages: [] } },
      "p.jsonl:1: a request in Anthropic's batch format",
    ],
  ])('whose lines have %s is named by line and field', async (_, row, message) => {
    for (const flags of [[], ['--input-format', 'openai-batch']]) {
      const ran = await dry([row], ...flags);
      expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining(message)]);
      expect(ran.stderr).not.toContain('--endpoint');
    }
  });

  it('that is none says which field its first line lacks', async () => {
    const ran = await dry([{ custom_id: 'a', text: 'b' }], '--input-format', 'openai-batch');
    expect(ran.stderr).toContain(
      `no request in OpenAI's batch format: p.jsonl:1: its "url" is missing`,
    );
  });

  it('names the errors of later lines, and the commands that split it byte for byte', async () => {
    const later = async (row: unknown) => (await dry([request, row])).stderr;
    expect(await later({ ...without('url'), custom_id: 'two' })).toContain(
      'p.jsonl:2, field "url": it has no url: name the endpoint',
    );
    expect(await later({ ...request, custom_id: 'two', url: '/v1/embeddings' })).toContain(
      '--bad-rows record), write them to another file byte for byte (batchor results --run-id RUN --failed-inputs other.jsonl)',
    );
    expect(
      await later({ ...request, custom_id: 'two', body: { ...body, model: 'gpt-4o' } }),
    ).toContain('--failed-inputs other.jsonl');
    expect(await later({ ...request, custom_id: 2 })).toContain(
      'its custom_id is 2, but must be a string: "2"',
    );
  });

  it('may name its endpoint by a whole address', async () => {
    const ran = await dry([
      request,
      { ...request, custom_id: 'two', url: 'https://api.openai.com/v1/responses' },
    ]);
    expect([ran.code, ran.lines.map(({ url }) => url)]).toEqual([
      0,
      ['/v1/responses', '/v1/responses'],
    ]);
    const whole = await dry([{ ...request, url: 'https://api.openai.com/v1/responses' }]);
    expect(whole.lines).toEqual([expect.objectContaining({ url: '/v1/responses', body })]);
  });
});
