import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCliWorld, type CliWorld } from './in-process.ts';

describe('chat messages in a text', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await createCliWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const messages = [
    { role: 'system', content: 'Be "brief",\nplease.' },
    { role: 'user', content: 'hello' },
  ];
  const text = JSON.stringify(messages);
  const python = `[{'role': 'system', 'content': None}, {'role': 'user', 'content': "it's"}]`;
  const cell = (value: string): string => `"${value.replaceAll('"', '""')}"`;
  const write = (value: string): readonly string[] => {
    world.write('cells.csv', `id,chat\na,${cell(value)}\n`);
    world.write('strings.jsonl', `${JSON.stringify({ id: 'a', chat: value })}\n`);
    return ['cells.csv', 'strings.jsonl'];
  };
  const dry = (file: string, ...flags: readonly string[]) =>
    world.run([
      ...['start', '--dry-run', '--input', file, '--id-field', 'id', '--model', 'gpt-4.1'],
      ...flags,
    ]);

  it.each([
    ['--prompt-field', 'chat'],
    ['--prompt-template', '{{chat}}'],
    ['--prompt-template', ' {{ chat }}\n'],
  ])('is refused by row where %s %j would send it as one message', async (flag, value) => {
    for (const held of [text, JSON.stringify(messages, null, 2), python])
      for (const file of write(held)) {
        const { code, stdout, stderr } = await dry(file, flag, value);
        expect([code, stdout]).toEqual([4, '']);
        expect(stderr).toMatch(
          /(?:cells\.csv:2|strings\.jsonl:1), field "chat": the .* field "chat"/u,
        );
        expect(stderr).toContain('name it with --messages-field');
      }
  });

  it('goes out as messages with --messages-field, letter by letter, and so does a list', async () => {
    const lettered = `[ {"role":"user", "content":"a\\u0041", "weight": 1.10} ]`;
    for (const endpoint of ['responses', 'chat.completions']) {
      const key = endpoint === 'responses' ? 'input' : 'messages';
      world.write('list.jsonl', `${JSON.stringify({ id: 'a', chat: messages })}\n`);
      const flags = ['--messages-field', 'chat', '--endpoint', endpoint];
      for (const file of [...write(JSON.stringify(messages, null, 2)), 'list.jsonl']) {
        const { code, lines } = await dry(file, ...flags);
        expect([code, lines[0]?.['body']]).toEqual([0, { model: 'gpt-4.1', [key]: messages }]);
      }
      for (const file of write(lettered))
        expect((await dry(file, ...flags)).stdout).toContain(lettered);
    }
  });

  it.each([
    ['hello', 'holds a text that is not JSON'],
    ['{"role":"user","content":"x"}', 'holds JSON that is not a list of chat messages'],
    ['[]', 'holds JSON that is not a list of chat messages'],
    ['[{"role":"user"}]', 'holds JSON that is not a list of chat messages'],
    [python, 'holds a list as Python prints it, not JSON: write the column with json.dumps'],
  ])('makes a bad row with --messages-field where it is %j', async (held, reason) => {
    for (const file of write(held)) {
      const { code, stderr } = await dry(file, '--messages-field', 'chat');
      expect(code).toBe(4);
      expect(stderr).toContain(`the messages field "chat" ${reason}`);
    }
  });

  it('stands in a longer prompt, and where it only looks like a list, as the text it is', async () => {
    for (const file of write(text)) {
      const { code, lines } = await dry(file, '--prompt-template', 'Grade: {{chat}}');
      expect([code, lines[0]?.['body']]).toMatchObject([0, { input: `Grade: ${text}` }]);
    }
    for (const held of ['[{"role": say it]', '[{"role":"admin"}]', '[1] {"role":"user"}'])
      for (const file of write(held)) {
        const { lines } = await dry(file, '--prompt-field', 'chat');
        expect(lines[0]?.['body']).toMatchObject({ input: held });
      }
  });

  it('is taken only beside a chat endpoint, and no other prompt', async () => {
    const [file = ''] = write(text);
    const embedded = await dry(file, '--messages-field', 'chat', '--endpoint', 'embeddings');
    expect(embedded.stderr).toContain('--messages-field: the endpoint embeddings takes no chat');
    const both = await dry(file, '--messages-field', 'chat', '--prompt-field', 'chat');
    expect(both.stderr).toContain('--prompt-field and --messages-field exclude each other');
    const beside = await dry(file, '--messages-field', 'chat', '--system-prompt', 'x');
    expect(beside.stderr).toContain('--system-prompt cannot be added');
  });
});
