import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCliWorld } from './in-process.ts';

/** A file of requests as users of each service have them, with spaces and digits of their own. */
const forms = [
  {
    provider: 'openai',
    env: ['OPENAI_API_KEY', 'OPENAI_BASE_URL'],
    flags: [],
    line: (id: string) =>
      `{"custom_id":"${id}","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4.1", "temperature":0.50, "messages":[{"role":"user","content":"Hi ${id}"}]}}`,
  },
  {
    provider: 'anthropic',
    env: ['ANTHROPIC_API_KEY', 'ANTHROPIC_BASE_URL'],
    flags: [],
    line: (id: string) =>
      `{"custom_id":"${id}","params":{"model":"claude-haiku-4-5", "max_tokens":64, "temperature":0.50, "messages":[{"role":"user","content":"Hi ${id}"}]}}`,
  },
  {
    provider: 'gemini',
    env: ['GEMINI_API_KEY', 'GOOGLE_GEMINI_BASE_URL'],
    flags: ['--model', 'gemini-2.5-flash'],
    line: (id: string) =>
      `{"key":"${id}","request":{"contents": [{"parts":[{"text":"Hi ${id}"}]}], "generation_config": {"temperature": 0.70}}}`,
  },
  {
    provider: 'mistral',
    env: ['MISTRAL_API_KEY', 'MISTRAL_BASE_URL'],
    flags: ['--model', 'mistral-small-latest'],
    line: (id: string) =>
      `{"custom_id":"${id}","body":{"max_tokens": 100, "temperature":0.50, "messages":[{"role":"user","content":"Hi ${id}"}]}}`,
  },
] as const;

const bodyOf = (line: string): string =>
  /"(?:body|params|request)":(\{.*\})\}$/u.exec(line)?.[1] ?? '';

describe.each(forms)('a prepared batch file of $provider', ({ provider, env, flags, line }) => {
  const [keyVariable, addressVariable] = env;
  const worldOf = async () => {
    const world = await createCliWorld({
      provider,
      faults: [{ type: 'rows_fail', batch: 2, ratio: 1, statusCode: 400 }],
    });
    const onlyEnv = { [keyVariable]: 'key-0123456789', [addressVariable]: world.emulator.baseURL };
    const run = (...args: readonly string[]) => world.run(args, { onlyEnv });
    const start = (...args: readonly string[]) =>
      run('start', '--provider', provider, '--store', 'store', '--poll-interval', '0.05', ...args);
    return { world, run, start, [Symbol.asyncDispose]: () => world[Symbol.asyncDispose]() };
  };

  it('goes out letter by letter, and its failed rows come back as such a file', async () => {
    await using made = await worldOf();
    const { world, run, start } = made;
    world.write('p.jsonl', `${line('one')}\n${line('two')}\n`);
    const shown = await start('--input', 'p.jsonl', ...flags, '--dry-run');
    expect([shown.code, shown.stdout.trim().split('\n').map(bodyOf)]).toEqual([
      0,
      [bodyOf(line('one')), bodyOf(line('two'))],
    ]);
    const first = await start('--input', 'p.jsonl', ...flags, '--run-id', 'a', '--wait');
    expect([first.code, first.json['item_counts']]).toMatchObject([0, { completed: 2 }]);
    const again = await start('--from-run', 'a', '--only', 'all', '--run-id', 'b', '--wait');
    expect([again.code, again.json['item_counts']]).toMatchObject([2, { failed_permanent: 2 }]);

    const store = ['--store', 'store'];
    const written = await run(
      ...['results', '--run-id', 'b', ...store, '--failed-inputs', 'f.jsonl'],
    );
    expect([written.code, written.json]).toMatchObject([0, { row_count: 2 }]);
    expect(readFileSync(join(world.folder, 'f.jsonl'), 'utf8').split('\n').map(bodyOf)).toEqual([
      ...['one', 'two'].map((id) => bodyOf(line(id))),
      '',
    ]);
    const [, command = ''] = /batchor (start .*)$/mu.exec(written.stderr) ?? [];
    const third = await run(...command.split(' '), '--dry-run');
    expect([third.code, third.stdout]).toEqual([0, shown.stdout]);
  });

  it.each(forms.filter((other) => other.provider !== provider))(
    'is no such file of $provider, which the refusal names with its flag',
    async ({ provider: other, line: foreign }) => {
      await using made = await worldOf();
      made.world.write('p.jsonl', `${foreign('one')}\n`);
      const refused = await made.start('--input', 'p.jsonl', '--dry-run');
      expect([refused.code, refused.stdout]).toEqual([1, '']);
      expect(refused.stderr).toMatch(/^batchor: p\.jsonl:1: a request in \w+'s batch format/u);
      expect(refused.stderr).toContain(`--provider ${other}`);
      // Nothing was asked of any service.
      expect(made.world.emulator.ledger.batchesCreated).toBe(0);
      const declared = await made.start('--input', 'p.jsonl', '--input-format', `${other}-batch`);
      expect(declared.stderr).toMatch(/takes no such requests\n.*--provider /u);
    },
  );
});
