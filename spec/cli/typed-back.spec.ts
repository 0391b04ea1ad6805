import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCliWorld, csvOf, startArgs, type CliWorld } from './in-process.ts';
import type { Ran } from './ran.ts';

/** The words of a command as a shell splits them. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/(?:'[^']*'|[^\s'])+/gu)].map(([word]) => word.replaceAll("'", ''));

/** The last `batchor` command of the hint, without the program's name. */
const namedIn = ({ stderr }: Ran): readonly string[] => {
  const last = /.*\bbatchor ([a-z][^`\n]*)/su.exec(stderr)?.[1];
  if (last === undefined) throw new Error(`no command in: ${stderr}`);
  return wordsOf(last.replace(/[.)]$/u, ''));
};

describe('the command that a refusal names works when it is typed back', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await createCliWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const dry = ['--model', 'gpt-4.1', '--dry-run'];
  const fields = ['--id-field', 'id', '--prompt-field', 'text'];
  const request = JSON.stringify({
    custom_id: 'a',
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'gpt-4.1', messages: [{ role: 'user', content: 'Hello' }] },
  });

  it.each<[what: string, file: string, content: string | Uint8Array, args: readonly string[]]>([
    [
      'a prepared batch file beside flags that its lines set (14)',
      'oai.jsonl',
      `${request}\n`,
      ['--id-field=custom_id', '--prompt-field', 'body', ...dry],
    ],
    [
      'the bodies of a prepared batch file as prompts (14)',
      'oai.jsonl',
      `${request}\n`,
      ['--id-field', 'custom_id', '--prompt-field', 'body', '--input-format', 'jsonl', ...dry],
    ],
    [
      'null in a template (15)',
      'null.jsonl',
      '{"id":1,"note":null}\n{"id":2,"note":"b"}\n',
      ['--id-field', 'id', '--prompt-template', 'Note: {{note}}', ...dry],
    ],
    [
      'an encoding that is not UTF-8 (17)',
      'cp1252.csv',
      Buffer.from('id,text\n1,caf\u{e9} \u{93}nice\u{94}\n', 'latin1'),
      [...fields, ...dry],
    ],
    ['a JSON array (17)', 'arr.jsonl', '[\n{"id":1,"text":"a"}\n]\n', [...fields, ...dry]],
    [
      'rows in a list of an object (17)',
      'whole.json',
      '{"rows":[{"id":1,"text":"a"}]}',
      [...fields, ...dry],
    ],
    [
      'a row that is too long (19)',
      'long.jsonl',
      `{"id":1,"text":"${'a'.repeat(100)}"}\n`,
      [...fields, '--max-row-bytes', '64', ...dry],
    ],
  ])('%s', async (_, file, content, args) => {
    world.write(file, content);
    const refused = await world.run(['start', '--input', file, ...args]);
    expect(refused.code).not.toBe(0);
    const typed = namedIn(refused);
    expect(typed).toContain('--dry-run');
    const again = await world.run(typed);
    expect(again.stderr).not.toContain('\n  ');
    expect(again.code).toBe(0);
    expect(again.lines.length).toBeGreaterThan(0);
  });

  it('rows without an id, once the file is numbered (17)', async () => {
    world.write('noid.csv', 'text\nhello\n');
    const refused = await world.run([
      ...['start', '--input', 'noid.csv', '--prompt-field=text', ...dry],
    ]);
    expect(refused.stderr).toContain(' noid.csv > with-ids.csv. Then: batchor start --prompt');
    world.write('with-ids.csv', 'id,text\n1,hello\n');
    expect((await world.run(namedIn(refused))).lines).toMatchObject([{ body: { input: 'hello' } }]);
  });

  it.each([
    ['semi.csv', '\u{FEFF}id;text\n\nx;"a ""b"""\ny;c', 'row_id;id;text\n1;x;"a ""b"""\n2;y;c\n'],
    [
      'odd.jsonl',
      '{"id":7,"text":1.0}\n{"text":1E5}',
      '{"row_id": 1,"id":7,"text":1.0}\n{"row_id": 2,"text":1E5}\n',
    ],
  ])(
    'rows without an id: the command numbers %s as it is written (17)',
    async (file, content, numbered) => {
      world.write(file, content);
      const refused = await world.run(['start', '--input', file, '--prompt-field=text', ...dry]);
      const program = /python3 -c '([^']*)'/u.exec(refused.stderr)?.[1] ?? '';
      expect(namedIn(refused)).toContain('row_id');
      const ran = spawnSync('python3', ['-c', program, join(world.folder, file)], {
        encoding: 'utf8',
      });
      // Python may be missing on this machine.
      if (ran.error === undefined) expect([ran.stderr, ran.stdout]).toEqual(['', numbered]);
    },
  );

  it('an address of Azure with its version (18)', async () => {
    world.write('rows.csv', csvOf(1));
    const refused = await world.run(startArgs('rows.csv', 'azure', '--header', 'x-own=secret'), {
      env: { OPENAI_BASE_URL: `${world.emulator.baseURL}?api-version=2024-10-21` },
    });
    expect(refused.stderr).not.toContain('secret');
    expect(refused.stderr).toContain('--header x-own=VALUE --base-url');
    // The emulator has no such address; as a command line it is right.
    const typed = await world.run(namedIn(refused));
    expect(typed.code).toBe(3);
    expect(typed.stderr).toContain('Nothing was created.');
  });

  it('a row that is too long and comes late: another run reads it (19)', async () => {
    const early = Array.from({ length: 1500 }, (_, i) => `{"id":${i},"text":"t"}\n`).join('');
    world.write('late.jsonl', `${early}{"id":"z","text":"${'a'.repeat(100)}"}\n`);
    const paused = await world.run(startArgs('late.jsonl', 'late', '--max-row-bytes', '64'));
    expect(paused.code).toBe(4);
    const typed = namedIn(paused);
    expect(typed.slice(-4)).toEqual(['--run-id', 'late-2', '--max-row-bytes', '256']);
    const again = await world.run(typed);
    expect([again.stderr, again.code]).toEqual(['', 0]);
    const waiting = await world.run(['wait', '--run-id', 'late', '--store', 'store']);
    expect(waiting.stderr).toContain('Or read it in a new run with --max-row-bytes 256.');
  });

  it('a delimiter is found by any field that is named (17)', async () => {
    world.write('semi.csv', 'id;text\n1;a\n');
    const refused = await world.run([
      ...['start', '--input', 'semi.csv', '--id-field', 'nope', '--prompt-field', 'text', ...dry],
    ]);
    expect(refused.stderr).toContain('Name it as the header does: "id", "text"');
  });
});
