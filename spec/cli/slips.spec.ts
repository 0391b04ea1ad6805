import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCliWorld, type CliWorld } from './in-process.ts';

describe('a slip on the command line', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await createCliWorld();
    world.write('rows.csv', 'id,text\na,hello\n');
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const rows = ['--id-field', 'id', '--prompt-field', 'text', '--model', 'gpt-4.1'];
  const dry = (...flags: readonly string[]) =>
    world.run(['start', '--dry-run', '--input', 'rows.csv', ...rows, ...flags]);

  it('is named before a dry run: an address without its scheme, a header without a value', async () => {
    const { code, stdout, stderr } = await dry('--base-url', 'localhost:8080');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('http://localhost:8080');
    expect((await dry('--base-url', 'http://localhost:8080')).code).toBe(0);
    expect((await dry('--header', 'foo')).stderr).toContain('--header must be NAME=VALUE');
  });

  it('of `help COMMAND` prints the help of that command', async () => {
    const asked = await world.run(['help', 'start']);
    expect(asked).toMatchObject({ code: 0, stdout: (await world.run(['start', '--help'])).stdout });
    expect((await world.run(['help'])).stdout).not.toBe(asked.stdout);
  });

  it('is a path for a field, where names are not paths', async () => {
    world.write('deep.jsonl', '{"id":"a","meta":{"a":{"b":"x"}}}\n');
    const flags = ['--id-field', 'id', '--model', 'gpt-4.1', '--prompt-template', '{{meta.a.b}}'];
    const { stderr } = await world.run(['start', '--dry-run', '--input', 'deep.jsonl', ...flags]);
    expect(stderr).toContain('A name is one field, not a path into "meta"');
    expect(stderr).toContain("--prompt-template '{{meta}}'");
    expect(stderr).toMatch(
      /python3 -c '[^']*\["meta"\]\["a"\]\["b"\][^']*' < deep\.jsonl > lifted/u,
    );
  });

  it('is an object for a prompt: the template that sends it is named, and a quote exits as a dry run', async () => {
    world.write('object.jsonl', '{"id":"a","prompt":{"q":1.0}}\n');
    const flags = ['--input', 'object.jsonl', '--id-field', 'id', '--model', 'gpt-4.1'];
    const refused = await world.run(['start', '--dry-run', ...flags, '--prompt-field', 'prompt']);
    expect(refused).toMatchObject({ code: 4 });
    expect(refused.stderr).toContain("--prompt-template '{{prompt}}' instead");
    expect(await world.run(['quote', ...flags, '--prompt-field', 'prompt'])).toMatchObject({
      code: 4,
    });
    const sent = await world.run(['start', '--dry-run', ...flags, '--prompt-template={{prompt}}']);
    expect(sent.lines).toMatchObject([{ body: { input: '{"q":1.0}' } }]);
  });

  it('is compressed standard input, which is to be unpacked before the pipe', async () => {
    const packed = gzipSync('{"id":"a","text":"x"}\n');
    const { stderr } = await world.run(['start', '--dry-run', '--input', '-', ...rows], {
      stdin: packed,
    });
    expect(stderr).toContain('standard input is gzip data');
    expect(stderr).toContain('gunzip -c FILE | batchor');
    expect(stderr).not.toContain('batchor-stdin');
  });

  it('is not a cap on prepared bodies that bound their answers themselves', async () => {
    const line = (id: string, body: object): string =>
      `${JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body: { model: 'gpt-4.1', messages: [{ role: 'user', content: 'hi' }], ...body } })}\n`;
    world.write('bound.jsonl', line('a', { max_tokens: 50 }) + line('b', { max_tokens: 70, n: 2 }));
    const start = (input: string, ...flags: readonly string[]) =>
      world.run([
        ...['start', '--input', input, '--run-id', input.replace('.jsonl', '')],
        ...['--max-cost', '1', '--poll-interval', '0.05', '--wait', ...flags],
      ]);
    expect(await start('bound.jsonl')).toMatchObject({ code: 0 });
    world.write('open.jsonl', line('a', { max_tokens: 50 }) + line('b', {}));
    const open = await start('open.jsonl');
    expect(open.code).toBe(1);
    expect(open.stderr).toContain('--assume-output-tokens N');
    expect(open.stderr).not.toContain('--param');
    expect(await start('open.jsonl', '--assume-output-tokens', '90')).toMatchObject({ code: 0 });
  });

  it('in `results` is named: a folder to write to, standard input to join', async () => {
    expect(
      await world.run([
        'start',
        '--input',
        'rows.csv',
        ...rows,
        '--run-id',
        'r',
        '--poll-interval',
        '0.05',
        '--wait',
      ]),
    ).toMatchObject({ code: 0 });
    const results = (...flags: readonly string[]) =>
      world.run(['results', '--run-id', 'r', ...flags]);
    expect((await results('--output', '/tmp')).stderr).toContain('/tmp is a folder; name a file');
    const piped = (await results('--join', '-')).stderr;
    expect(piped).toContain('standard input cannot be joined');
    expect(piped).not.toContain('--input-format');
    world.write('other.csv', 'key|text\na|hello\n');
    const other = await results('--join', 'other.csv', '--join-by', 'id');
    expect(other.stderr).toContain('--delimiter CHARACTER');
    world.write('sep.csv', 'sep=;\nid;text\na;hellö\n');
    const excel = await results(
      '--join',
      'sep.csv',
      '--join-by',
      'id',
      '--columns',
      'status',
      '--excel',
    );
    expect(excel.stdout).toBe('\uFEFFid;text;status\r\na;hellö;completed\r\n');
  });
});
