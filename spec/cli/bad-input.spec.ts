import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  apiKey,
  createCliWorld,
  csvOf,
  startArgs,
  type CliWorld,
  type Ran,
  type RunOptions,
} from './in-process.ts';

/** A mistake of the user's, and all that stderr says of it. */
interface Mistake {
  readonly title: string;
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly args: readonly string[];
  readonly options?: RunOptions;
  readonly code: number;
  readonly says: readonly (string | RegExp)[];
}

const good = { 'good.csv': csvOf(3) };
const start = (...rest: readonly string[]): readonly string[] => [
  'start',
  ...(rest.includes('--store') ? [] : ['--store', 'store']),
  '--poll-interval',
  '0.05',
  ...rest,
];
const job = ['--id-field', 'id', '--prompt-field', 'text', '--model', 'gpt-4.1'];

/** Found before anything exists: no store, no run, nothing uploaded. */
const beforeTheRun: readonly Mistake[] = [
  {
    title: 'no input',
    args: start(...job),
    code: 1,
    says: ['--input is missing', 'Name the file'],
  },
  {
    title: 'no model',
    files: good,
    args: start('--input', 'good.csv', '--id-field', 'id', '--prompt-field', 'text'),
    code: 1,
    says: ['--model is missing'],
  },
  {
    title: 'no prompt',
    files: good,
    args: start('--input', 'good.csv', '--id-field', 'id', '--model', 'm'),
    code: 1,
    says: ['--prompt-field or --prompt-template is missing'],
  },
  {
    title: 'two prompts',
    files: good,
    args: start('--input', 'good.csv', ...job, '--prompt-template', '{{text}}'),
    code: 1,
    says: ['--prompt-field and --prompt-template exclude each other'],
  },
  {
    title: 'a column that would be lost behind the lineage',
    files: { 'lineage.csv': 'id,text,batchor_lineage\nr1,one,mine\n' },
    args: start('--input', 'lineage.csv', ...job, '--keep-columns'),
    code: 1,
    says: [
      'lineage.csv: --keep-columns would keep the field "batchor_lineage"',
      'Rename the field in the input',
    ],
  },
  {
    title: 'the same, by its name',
    files: { 'lineage.csv': 'id,text,batchor_lineage\nr1,one,mine\n' },
    args: start('--input', 'lineage.csv', ...job, '--metadata-field', 'batchor_lineage'),
    code: 1,
    says: ['--metadata-field would keep the field "batchor_lineage"'],
  },
  {
    title: 'a missing file',
    args: start('--input', 'nowhere.csv', ...job),
    code: 1,
    says: [/nowhere\.csv: no such file/],
  },
  {
    title: 'a file of another kind',
    files: { 'rows.txt': 'x' },
    args: start('--input', 'rows.txt', ...job),
    code: 1,
    says: ['--input "rows.txt"', '.csv, .tsv, .jsonl, .ndjson or .json'],
  },
  {
    title: 'the same file twice',
    files: good,
    args: start('--input', 'good.csv', '--input', './good.csv', ...job),
    code: 1,
    says: ['./good.csv is given twice'],
  },
  {
    title: 'an empty CSV file',
    files: { 'none.csv': '' },
    args: start('--input', 'none.csv', ...job),
    code: 1,
    says: [/none\.csv: is empty/],
  },
  {
    title: 'an empty JSONL file',
    files: { 'none.jsonl': '\n\n' },
    args: start('--input', 'none.jsonl', ...job),
    code: 1,
    says: [/none\.jsonl has no rows/],
  },
  {
    title: 'a CSV file with a header alone',
    files: { 'head.csv': 'id,text\n' },
    args: start('--input', 'head.csv', ...job),
    code: 1,
    says: [/head\.csv has no rows/],
  },
  {
    title: 'an empty file behind a good one',
    files: { ...good, 'head.csv': 'id,text\n' },
    args: start('--input', 'good.csv', '--input', 'head.csv', ...job),
    code: 1,
    says: [/head\.csv has no rows/],
  },
  {
    title: 'a line that is not UTF-8',
    files: {
      'bad.jsonl': Buffer.from('{"id":"a","text":"x"}\n{"id":"b","text":"\u00e9"}\n', 'latin1'),
    },
    args: start('--input', 'bad.jsonl', ...job),
    code: 1,
    says: [
      /bad\.jsonl:2: the line is not valid UTF-8/,
      '(--encoding LABEL): windows-1252 reads "é"',
    ],
  },
  {
    title: 'an id field that the header lacks',
    files: good,
    args: start(
      '--input',
      'good.csv',
      '--id-field',
      'key',
      '--prompt-field',
      'text',
      '--model',
      'm',
    ),
    code: 1,
    says: [/good\.csv: column "key" is not in the header/, '"id", "text", "stars"'],
  },
  {
    title: 'an id field that no row has',
    files: { 'a.jsonl': '{"id":1,"text":"x"}\n' },
    args: start(
      '--input',
      'a.jsonl',
      '--id-field',
      'key',
      '--prompt-field',
      'text',
      '--model',
      'm',
    ),
    code: 1,
    says: [/a\.jsonl: --id-field names "key"/],
  },
  {
    title: 'a prompt field that the header lacks',
    files: good,
    args: start('--input', 'good.csv', '--id-field', 'id', '--prompt-field', 'txt', '--model', 'm'),
    code: 1,
    says: [/good\.csv: --prompt-field names "txt"/, 'There are "id", "text", "stars".'],
  },
  {
    title: 'a template field that the header lacks',
    files: good,
    args: start(
      '--input',
      'good.csv',
      '--id-field',
      'id',
      '--prompt-template',
      'A {{txt}}',
      '--model',
      'm',
    ),
    code: 1,
    says: [/good\.csv: --prompt-template names "txt"/, 'There are "id", "text", "stars".'],
  },
  {
    title: 'a metadata field that no row has',
    files: { 'a.jsonl': '{"id":1,"text":"x"}\n' },
    args: start('--input', 'a.jsonl', ...job, '--metadata-field', 'stars'),
    code: 1,
    says: [/a\.jsonl: --metadata-field names "stars"/, 'There are "id", "text".'],
  },
  {
    title: 'a template that is never closed',
    files: good,
    args: start(
      '--input',
      'good.csv',
      '--id-field',
      'id',
      '--prompt-template',
      'A {{text',
      '--model',
      'm',
    ),
    code: 1,
    says: ['--prompt-template: the braces at character 3 are never closed'],
  },
  {
    title: 'a template without fields',
    files: good,
    args: start(
      '--input',
      'good.csv',
      '--id-field',
      'id',
      '--prompt-template',
      'A',
      '--model',
      'm',
    ),
    code: 1,
    says: ['--prompt-template names no field'],
  },
  {
    title: 'an unknown endpoint',
    files: good,
    args: start('--input', 'good.csv', ...job, '--endpoint', '/v1/chat'),
    code: 1,
    says: ['--endpoint "/v1/chat": no such endpoint', 'responses, chat.completions'],
  },
  {
    title: 'a system prompt where none is taken',
    files: good,
    args: start('--input', 'good.csv', ...job, '--endpoint', 'embeddings', '--system-prompt', 'x'),
    code: 1,
    says: ['--system-prompt: the endpoint embeddings does not take one'],
  },
  {
    title: 'a parameter that is not JSON',
    files: good,
    args: start('--input', 'good.csv', ...job, '--param', 'tier=flex'),
    code: 1,
    says: ['--param tier: flex is not JSON', `--param 'tier="flex"'`],
  },
  {
    title: 'a parameter without a value',
    files: good,
    args: start('--input', 'good.csv', ...job, '--param', 'tier'),
    code: 1,
    says: ['--param "tier": must be key=json'],
  },
  {
    title: 'a parameter that is not one',
    files: good,
    args: start('--input', 'good.csv', ...job, '--param', 'model="x"'),
    code: 1,
    says: ['--param: "model"'],
  },
  {
    title: 'a number that is none',
    files: good,
    args: start('--input', 'good.csv', ...job, '--max-attempts', 'three'),
    code: 1,
    says: ['--max-attempts must be a whole number of at least 1 (got "three")'],
  },
  {
    title: 'an output limit that is raised from nothing',
    files: good,
    args: start('--input', 'good.csv', ...job, '--raise-output-tokens-to', '300'),
    code: 1,
    says: [
      '--raise-output-tokens-to requires requests with an output limit',
      '--param max_output_tokens=300',
      'Nothing was started',
    ],
  },
  {
    title: 'a word that is not allowed',
    files: good,
    args: start('--input', 'good.csv', ...job, '--bad-rows', 'ignore'),
    code: 1,
    says: ['--bad-rows must be one of fail, record (got "ignore")'],
  },
  {
    title: 'a flag that does not exist',
    files: good,
    args: start('--input', 'good.csv', ...job, '--promt-field', 'x'),
    code: 1,
    says: ['start has no flag --promt-field', 'Did you mean --prompt-field?'],
  },
  {
    title: 'a flag without its value',
    files: good,
    args: start('--input', 'good.csv', ...job, '--run-id'),
    code: 1,
    says: ['--run-id needs a value', 'batchor start --help'],
  },
  {
    title: 'a command that does not exist',
    args: ['stauts'],
    code: 1,
    says: ['there is no command "stauts"', 'Did you mean status?'],
  },
  {
    title: 'a run id with slashes',
    files: good,
    args: start('--input', 'good.csv', ...job, '--run-id', 'a/../b'),
    code: 1,
    says: ['--run-id "a/../b" is not a valid run id', 'A-Z a-z 0-9'],
  },
  {
    title: 'no key',
    files: good,
    args: start('--input', 'good.csv', ...job),
    options: { env: { OPENAI_API_KEY: '', OPENAI_BASE_URL: 'https://gateway.invalid/v1' } },
    code: 1,
    says: ['OPENAI_API_KEY is not set', 'never read from the command line'],
  },
  {
    title: 'a wrong key',
    files: good,
    args: start('--input', 'good.csv', ...job),
    options: { env: { OPENAI_API_KEY: 'sk-somebody-elses' } },
    code: 3,
    says: ['Incorrect API key', 'Nothing was created.'],
  },
  {
    title: 'an address that is none',
    files: good,
    args: start('--input', 'good.csv', ...job, '--base-url', 'localhost:1'),
    code: 1,
    says: ['--base-url is not an http or https address'],
  },
  {
    title: 'an address with a password',
    files: good,
    args: start('--input', 'good.csv', ...job, '--base-url', 'http://u:secret@127.0.0.1/v1'),
    code: 1,
    says: ['--base-url contains a user name or password'],
  },
];

/** Found in a row: the run exists, pauses there, and says how to go on. */
const inARow: readonly Mistake[] = [
  {
    title: 'a line that is not JSON',
    files: { 'bad.jsonl': '{"id":"a","text":"x"}\n{"id":\n' },
    args: [],
    code: 4,
    says: [/bad\.jsonl:2: the line is not JSON/],
  },
  {
    title: 'a line that is not an object',
    files: { 'bad.jsonl': '{"id":"a","text":"x"}\n[1]\n' },
    args: [],
    code: 4,
    says: [/bad\.jsonl:2: the line is an array, not a JSON object/],
  },
  {
    title: 'a row with too few columns',
    files: { 'bad.csv': 'id,text\na,x\nb\n' },
    args: [],
    code: 4,
    says: [/bad\.csv:3.*column/],
  },
  {
    title: 'a row with too many columns',
    files: { 'bad.csv': 'id,text\na,x\nb,y,z\n' },
    args: [],
    code: 4,
    says: [/bad\.csv:3.*column/],
  },
  {
    title: 'a missing id',
    files: { 'bad.jsonl': '{"id":"a","text":"x"}\n{"text":"y"}\n' },
    args: [],
    code: 4,
    says: [/bad\.jsonl:2, field "id": the id field "id" is missing/],
  },
  {
    title: 'an empty id',
    files: { 'bad.csv': 'id,text\na,x\n,y\n' },
    args: [],
    code: 4,
    says: [/bad\.csv:3, field "id": the id field "id" is empty/],
  },
  {
    title: 'a duplicate id',
    files: { 'bad.csv': 'id,text\na,x\na,y\n' },
    args: [],
    code: 4,
    says: [/bad\.csv:3.*the id "a" is taken by an earlier row/],
  },
  {
    title: 'a missing prompt',
    files: { 'bad.jsonl': '{"id":"a","text":"x"}\n{"id":"b","txt":"y"}\n' },
    args: [],
    code: 4,
    says: [/bad\.jsonl:2, field "text": the prompt field "text" is missing; there are "id", "txt"/],
  },
  {
    title: 'an empty prompt',
    files: { 'bad.csv': 'id,text\na,x\nb,\n' },
    args: [],
    code: 4,
    says: [/bad\.csv:3, field "text": the prompt field "text" is empty/],
  },
  {
    title: 'a prompt that is an object',
    files: {
      'bad.jsonl': '{"id":"a","text":"x"}\n{"id":"b","text":{"custom_id":"b","body":{}}}\n',
    },
    args: [],
    code: 4,
    says: [
      /bad\.jsonl:2, field "text": the prompt field "text" holds an object: name a field of text/,
    ],
  },
  {
    title: 'a prompt that is a list of anything',
    files: { 'bad.jsonl': '{"id":"a","text":"x"}\n{"id":"b","text":[1,"y"]}\n' },
    args: [],
    code: 4,
    says: [
      /bad\.jsonl:2, field "text": the prompt field "text" holds a list that is neither of chat messages/,
    ],
  },
  {
    title: 'texts for an endpoint that takes one',
    files: { 'bad.jsonl': '{"id":"a","text":"x"}\n{"id":"b","text":["y","z"]}\n' },
    args: [],
    code: 4,
    says: [
      /bad\.jsonl:2, field "text": the prompt field "text" holds a list of texts, which responses does not take/,
    ],
  },
  {
    title: 'a prompt nested without end',
    files: {
      'bad.jsonl': `{"id":"a","text":"x"}\n{"id":"b","text":${'['.repeat(50_000)}${']'.repeat(50_000)}}\n`,
    },
    args: [],
    code: 4,
    says: [
      /bad\.jsonl:2, field "text": the prompt field "text" is nested more than 128 levels deep/,
    ],
  },
];

/** Message, then hint: one or two lines, and no stack. */
const expectTwoLines = ({ stderr }: Ran): void => {
  const lines = stderr.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(2);
  expect(lines[0]).toMatch(/^batchor: /);
  expect(lines.slice(1).every((line) => line.startsWith('  '))).toBe(true);
  expect(stderr).not.toMatch(/^\s+at /m);
};

describe('a mistake of the user', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await createCliWorld({ apiKey });
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  const write = (files: Mistake['files'] = {}): void => {
    for (const [name, content] of Object.entries(files)) world.write(name, content);
  };
  const expectSaid = ({ stderr }: Ran, says: Mistake['says']): void => {
    for (const each of says)
      expect(stderr).toMatch(
        typeof each === 'string' ? new RegExp(each.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')) : each,
      );
  };

  for (const { title, files, args, options, code, says } of beforeTheRun) {
    it(`is named, and nothing is created: ${title}`, async () => {
      write(files);
      const ran = await world.run(args, options);
      expectSaid(ran, says);
      expectTwoLines(ran);
      expect([ran.code, ran.stdout]).toEqual([code, '']);
      expect(
        existsSync(join(world.folder, 'store/runs')) && world.storedText('store/runs') !== '',
      ).toBe(false);
      expect(world.emulator.ledger.uploads).toBe(0);
    });
  }

  for (const [i, { title, files, code, says }] of inARow.entries()) {
    it(`pauses the run at the row, and loses nothing: ${title}`, async () => {
      write(files);
      const [input = ''] = Object.keys(files ?? {});
      const ran = await world.run(startArgs(input, `bad-${i}`, '--wait'));
      expectSaid(ran, says);
      expectTwoLines(ran);
      expect(ran.stderr).toContain(
        `batchor resume --run-id bad-${i} --store store --bad-rows record --wait`,
      );
      expect(ran.code).toBe(code);
      expect(ran.json).toMatchObject({
        control_state: 'paused',
        control_reason: 'bad_rows',
        item_count: 1,
      });
      const resumed = await world.run([
        'resume',
        '--run-id',
        `bad-${i}`,
        '--store',
        'store',
        '--bad-rows',
        'record',
        '--wait',
      ]);
      expect([resumed.stderr, resumed.code]).toEqual([
        expect.stringMatching(/^batchor: \d+ rows? failed \(invalid_row \d+\); show them: /u),
        2,
      ]);
      const results = await world.run(['results', '--run-id', `bad-${i}`, '--store', 'store']);
      expect(results.lines.map((line) => line['status'])).toEqual([
        'completed',
        'failed_permanent',
      ]);
      expect(results.lines[1]).toMatchObject({ error: { error_class: 'invalid_row' } });
    });
  }

  it('is reported once at a server that does not answer, and nothing is created', async () => {
    // A port that was free a moment ago, and that nobody listens on.
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { readonly port: number };
    await new Promise((resolve) => server.close(resolve));
    write(good);
    const ran = await world.run(
      start(
        '--input',
        'good.csv',
        ...job,
        '--base-url',
        `http://127.0.0.1:${port}/v1`,
        '--store',
        'unreached',
      ),
    );
    expectTwoLines(ran);
    expect(ran.stderr).toContain(`http://127.0.0.1:${port}/v1`);
    expect(ran.stderr).toContain('Nothing was created.');
    expect(ran.code).toBe(3);
  });

  it('is reported where the store cannot be written', async () => {
    write({ ...good, blocked: 'a file where a folder should be' });
    const ran = await world.run(start('--input', 'good.csv', ...job, '--store', 'blocked'));
    expectTwoLines(ran);
    expect(ran.stderr).toContain('blocked');
    expect(ran.code).toBe(3);
    if (process.getuid?.() === 0) return;
    mkdirSync(join(world.folder, 'sealed'));
    chmodSync(join(world.folder, 'sealed'), 0o500);
    const sealed = await world.run(start('--input', 'good.csv', ...job, '--store', 'sealed/store'));
    expectTwoLines(sealed);
    expect(sealed.code).toBe(3);
    chmodSync(join(world.folder, 'sealed'), 0o700);
  });

  it('is reported when a run continues with another job, another file or another address', async () => {
    write({ 'same.csv': csvOf(4) });
    const paused = async (runId: string): Promise<void> => {
      write({ 'same.csv': `${csvOf(4)}broken\n` });
      expect((await world.run(startArgs('same.csv', runId))).code).toBe(4);
    };
    await paused('changed');
    const other = await world.run(startArgs('same.csv', 'changed', '--system-prompt', 'Be brief'));
    expect([other.code, other.stdout]).toEqual([1, '']);
    expect(other.stderr).toContain('--system-prompt: none then, "Be brief" now');
    expect(other.stderr).toContain('batchor wait --run-id changed --store store');
    write({ 'same.csv': csvOf(5) });
    const file = await world.run(startArgs('same.csv', 'changed'));
    expectTwoLines(file);
    expect([file.code, file.stdout]).toEqual([1, '']);
    expect(file.stderr).toContain('same.csv changed since run changed began to read it');
    const address = await world.run(['wait', '--run-id', 'changed', '--store', 'store'], {
      env: { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' },
    });
    expectTwoLines(address);
    expect(address.code).toBe(1);
    expect(address.stderr).toContain(
      `run changed was started at ${world.emulator.baseURL}, but OPENAI_BASE_URL is http://127.0.0.1:9/v1`,
    );
    rmSync(join(world.folder, 'same.csv'));
    const gone = await world.run(['wait', '--run-id', 'changed', '--store', 'store']);
    expectTwoLines(gone);
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain('same.csv');
  });

  it('is reported when a run, or its store, does not exist', async () => {
    const noStore = await world.run(['status', '--run-id', 'x', '--store', 'nowhere']);
    expect([noStore.code, noStore.stdout]).toEqual([1, '']);
    expect(noStore.stderr).toContain('there is no store in ');
    expect(existsSync(join(world.folder, 'nowhere'))).toBe(false);
    for (const command of ['status', 'wait', 'pause', 'resume', 'cancel', 'results', 'delete']) {
      const ran = await world.run([command, '--run-id', 'nobody', '--store', 'store']);
      expectTwoLines(ran);
      expect([command, ran.code, ran.stdout]).toEqual([command, 1, '']);
      expect(ran.stderr).toContain('nobody');
      const noId = await world.run([command, '--store', 'store']);
      expect([command, noId.code]).toEqual([command, 1]);
      expect(noId.stderr).toContain('--run-id is missing');
    }
  });
});
