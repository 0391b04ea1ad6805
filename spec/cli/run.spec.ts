import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  csvOf,
  createCliWorld,
  jsonlOf,
  linesOf,
  startArgs,
  type CliWorld,
  type Ran,
} from './in-process.ts';

const ids = (lines: readonly Readonly<Record<string, unknown>>[]): readonly unknown[] =>
  lines.map((line) => line['item_id']);
const itemIds = (from: number, count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `item-${from + i}`);

describe('a run from the command line', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await createCliWorld();
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  const results = async (runId: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const ran = await world.run(['results', '--run-id', runId, '--store', 'store']);
    expect(ran.stderr).toBe('');
    expect(ran.code).toBe(0);
    return ran.lines;
  };

  it('answers each row of a CSV file once, in input order, through several batches', async () => {
    world.write('rows.csv', csvOf(50));
    const ran = await world.run(
      startArgs('rows.csv', 'csv', '--wait', '--max-requests-per-batch', '20'),
    );
    expect([ran.stderr, ran.code]).toEqual(['', 0]);
    expect(ran.json).toMatchObject({
      run_id: 'csv',
      status: 'completed',
      item_count: 50,
      batch_count: 3,
    });
    const lines = await results('csv');
    expect(ids(lines)).toEqual(itemIds(0, 50));
    expect(
      lines.every(
        (line) => typeof line['output_text'] === 'string' && line['status'] === 'completed',
      ),
    ).toBe(true);
    expect(lines[7]?.['metadata']).toEqual({
      batchor_lineage: {
        source_ref: 'rows.csv',
        source_item_index: 7,
        source_primary_key: 'item-7',
        source_namespace: null,
      },
    });
  });

  it('reads several files of several kinds as one input, in their order', async () => {
    world.write('a.csv', csvOf(5));
    world.write('b.jsonl', jsonlOf(5, 5));
    world.write('c.ndjson', jsonlOf(5, 10));
    const files = ['a.csv', 'b.jsonl', 'c.ndjson'];
    const ran = await world.run(startArgs(files, 'many', '--wait', '--keep-columns'));
    expect([ran.stderr, ran.code]).toEqual(['', 0]);
    const lines = await results('many');
    // Equal ids of different files are different rows, unless they are said to be one.
    expect(ids(lines)).toEqual(
      itemIds(0, 15).map((id, i) => `${'abc'[Math.floor(i / 5)] ?? ''}:${id}`),
    );
    const plain = startArgs(files, 'plain', '--wait', '--keep-columns', '--no-namespace-ids');
    expect((await world.run(plain)).code).toBe(0);
    expect(ids(await results('plain'))).toEqual(itemIds(0, 15));
    // What is left out means what the run has; what is said is compared.
    const again = startArgs(files, 'plain', '--wait', '--keep-columns');
    expect((await world.run(again)).code).toBe(0);
    expect((await world.run([...again, '--namespace-ids'])).stderr).toContain(
      '--namespace-ids: none then, true now',
    );
    expect(lines[4]?.['metadata']).toMatchObject({ stars: '4' });
    expect(lines[12]?.['metadata']).toMatchObject({ stars: 2 });
  });

  it('returns the columns that it was asked for, and keeps all others to itself', async () => {
    world.write('meta.jsonl', '{"id":1,"text":"a","stars":5,"note":"n"}\n{"id":2,"text":"b"}\n');
    await world.run(startArgs('meta.jsonl', 'meta', '--wait', '--metadata-field', 'stars'));
    const [first, second] = await results('meta');
    expect(Object.keys(first?.['metadata'] as object)).toEqual(['stars', 'batchor_lineage']);
    expect(Object.keys(second?.['metadata'] as object)).toEqual(['batchor_lineage']);
    await world.run(startArgs('meta.jsonl', 'kept', '--wait', '--keep-columns'));
    expect((await results('kept'))[0]?.['metadata']).toMatchObject({ stars: 5, note: 'n' });
    expect(Object.keys((await results('kept'))[0]?.['metadata'] as object)).not.toContain('text');
  });

  it('returns from a start without --wait once everything is sent; wait continues from the run alone', async () => {
    world.write('sent.csv', csvOf(30));
    const started = await world.run(
      startArgs('sent.csv', 'sent', '--max-requests-per-batch', '10'),
    );
    expect([started.stderr, started.code]).toEqual(['', 0]);
    expect(started.json).toMatchObject({
      run_id: 'sent',
      is_ingestion_complete: true,
      batch_count: 3,
    });
    const waited = await world.run(['wait', '--run-id', 'sent', '--store', 'store']);
    expect([waited.stderr, waited.code]).toEqual(['', 0]);
    expect(waited.json).toMatchObject({ status: 'completed', item_count: 30 });
    expect(ids(await results('sent'))).toEqual(itemIds(0, 30));
    const again = await world.run(startArgs('sent.csv', 'sent', '--wait'));
    expect([again.stderr, again.code]).toEqual(['', 0]);
    expect(again.json['batch_count']).toBe(3);
  });

  it('reads no more than --limit rows, and knows it when it continues', async () => {
    world.write('limited.jsonl', jsonlOf(30));
    const ran = await world.run(startArgs('limited.jsonl', 'limited', '--wait', '--limit', '7'));
    expect(ran.json).toMatchObject({ item_count: 7, status: 'completed' });
    const other = await world.run(startArgs('limited.jsonl', 'limited', '--limit', '8'));
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('--limit: 7 then, 8 now');
  });

  it('is not taken for a run over another input, though it bears its id and its file the same name', async () => {
    world.write('nightly.jsonl', jsonlOf(4));
    const args = startArgs('nightly.jsonl', 'nightly', '--wait');
    expect((await world.run(args)).json).toMatchObject({ status: 'completed', item_count: 4 });
    const again = await world.run(args);
    expect([again.code, again.stderr]).toEqual([0, '']);
    world.write('nightly.jsonl', jsonlOf(6));
    const replaced = await world.run(args);
    expect([replaced.code, replaced.stdout]).toEqual([1, '']);
    expect(replaced.stderr).toContain('batchor: nightly.jsonl changed since run nightly read it');
    expect(replaced.stderr).toMatch(/Start a new run .*--from-run nightly/u);
    // What is there already is read as ever, and a file that is gone is no other file.
    expect((await world.run(['wait', '--run-id', 'nightly', '--store', 'store'])).code).toBe(0);
    rmSync(join(world.folder, 'nightly.jsonl'));
    expect((await world.run(args)).json).toMatchObject({ status: 'completed', item_count: 4 });
  });

  it('reads CSV as it comes: the delimiter is found by the header and reported, or given, or what the name promises', async () => {
    world.write('excel.csv', '\u{FEFF}id;text;;\na;one, two;;\nb;"three; four";;\n;;;\n');
    world.write('plain.tsv', 'id\ttext\na\tone; two\n');
    world.write('odd.csv', 'id~text\na~one\n');
    const excel = await world.run(startArgs('excel.csv', 'excel', '--wait'));
    expect([excel.code, excel.stderr]).toEqual([
      0,
      'batchor: excel.csv: its fields are separated by ";"\n',
    ]);
    expect(excel.json).toMatchObject({ item_count: 2, item_counts: { completed: 2 } });
    const tabs = await world.run(startArgs('plain.tsv', 'tabs', '--wait'));
    expect([tabs.code, tabs.stderr]).toEqual([0, '']);
    expect((await world.run(startArgs('odd.csv', 'odd', '--wait'))).code).toBe(1);
    const said = startArgs('odd.csv', 'odd', '--wait', '--delimiter', '~');
    expect((await world.run(said)).json).toMatchObject({ item_count: 1, status: 'completed' });
    // As it was said is how it is read on.
    expect((await world.run(['wait', '--run-id', 'odd', '--store', 'store'])).code).toBe(0);
    expect((await world.run(startArgs('odd.csv', 'odd', '--delimiter', '|'))).stderr).toContain(
      '--delimiter: ["~"] then, ["|"] now',
    );
    expect((await world.run(startArgs('odd.csv', 'two', '--delimiter', '~~'))).stderr).toContain(
      '--delimiter must be one character, or comma, semicolon, tab or pipe',
    );
    expect((await world.run(startArgs('chat.jsonl', 'none', '--delimiter', ';'))).stderr).toContain(
      'none of the inputs is a CSV file',
    );
  });

  it('sends chat messages as messages, and a list of texts to embeddings as one', async () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'hello' }] },
    ];
    world.write('talk.jsonl', `${JSON.stringify({ id: 'a', text: messages })}\n`);
    const bodyOf = async (...more: readonly string[]): Promise<unknown> =>
      (await world.run(startArgs('talk.jsonl', 'talk', '--dry-run', ...more))).lines[0]?.['body'];
    expect(await bodyOf('--endpoint', 'chat.completions')).toEqual({ model: 'gpt-4.1', messages });
    expect(await bodyOf()).toEqual({ model: 'gpt-4.1', input: messages });
    const beside = await world.run(
      startArgs('talk.jsonl', 'talk', '--dry-run', '--system-prompt', 'x'),
    );
    expect(beside.stderr).toContain('holds messages, so --system-prompt cannot be added');
    world.write('texts.jsonl', '{"id":"a","text":["one","two"]}\n');
    const texts = await world.run(
      startArgs('texts.jsonl', 'texts', '--dry-run', '--endpoint', 'embeddings'),
    );
    expect(texts.lines[0]?.['body']).toMatchObject({ input: ['one', 'two'] });
    world.write('null.jsonl', '{"id":"a","text":null}\n');
    const args = startArgs('null.jsonl', 'null', '--dry-run').filter(
      (arg) => arg !== '--prompt-field' && arg !== 'text',
    );
    expect((await world.run([...args, '--prompt-template', 'Say {{text}}'])).stderr).toContain(
      `the template's field "text" is null`,
    );
  });

  it('sends a prepared batch file as it is, and each request once, under its own id', async () => {
    const request = (id: string, body: object): string =>
      `${JSON.stringify({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body: { model: 'gpt-4.1', ...body } })}\n`;
    const first = {
      messages: [{ role: 'user', content: 'hello' }],
      temperature: 0.5,
      max_tokens: 20,
    };
    const others = { messages: [{ role: 'user', content: 'bye' }], stream: false };
    world.write(
      'prepared.jsonl',
      `${request('one', first)}${request('two', others)}${request('three', { model: 'gpt-4o', ...first })}`,
    );
    const args = [
      'start',
      '--input',
      'prepared.jsonl',
      '--store',
      'store',
      '--poll-interval',
      '0.05',
      '--run-id',
      'prepared',
      '--wait',
    ];
    const stopped = await world.run(args);
    expect(stopped.stderr).toContain(
      'prepared.jsonl: a prepared batch file: its bodies go to /v1/chat/completions letter by letter, for gpt-4.1',
    );
    expect(stopped.stderr).toContain(
      `prepared.jsonl:3, field "body": its model is "gpt-4o", but the run's is "gpt-4.1". Give these requests a run of their own`,
    );
    expect(stopped.code).toBe(4);
    const done = await world.run([
      'resume',
      '--run-id',
      'prepared',
      '--store',
      'store',
      '--bad-rows',
      'record',
      '--wait',
    ]);
    expect(done.json).toMatchObject({ item_counts: { completed: 2, failed_permanent: 1 } });
    expect(ids(await results('prepared')).toSorted()).toEqual(['one', 'three', 'two']);
    const shown = await world.run([
      'start',
      '--input',
      'prepared.jsonl',
      '--input-format',
      'openai-batch',
      '--dry-run',
    ]);
    expect(shown.lines.map((line) => line['body'])).toEqual([
      { model: 'gpt-4.1', ...first },
      { model: 'gpt-4.1', ...others },
    ]);
    // Its lines say what to ask: flags that say it too are refused, and a file that says nothing is
    // none.
    const both = await world.run([
      'start',
      '--input',
      'prepared.jsonl',
      '--input-format',
      'openai-batch',
      '--model',
      'm',
      '--dry-run',
    ]);
    expect([both.code, both.stderr]).toEqual([
      1,
      expect.stringContaining('--input-format openai-batch and --model exclude each other'),
    ]);
    const plain = await world.run([
      'start',
      '--input',
      'texts.jsonl',
      '--input-format',
      'openai-batch',
      '--dry-run',
    ]);
    expect([plain.code, plain.stderr]).toEqual([
      1,
      expect.stringContaining('its first lines have no request in OpenAI'),
    ]);
    expect((await world.run(['start', '--input', 'texts.jsonl', '--dry-run'])).stderr).toContain(
      '--model is missing',
    );
  });

  it('asks other endpoints, with a system prompt, a template and parameters', async () => {
    world.write('chat.jsonl', '{"id":"x","text":"a","tags":["u",1]}\n');
    const args = startArgs('chat.jsonl', 'chat', '--dry-run').filter(
      (arg) => arg !== '--prompt-field' && arg !== 'text',
    );
    const flags = [
      '--prompt-template',
      'Sum up {{ text }} \\{{x}} of {{tags}}',
      '--system-prompt',
      'Be brief',
      '--endpoint',
      '/v1/chat/completions',
      '--param',
      'temperature=0.5',
      '--param',
      'stop=["a"]',
    ];
    const shown = await world.run([...args, ...flags]);
    expect(shown.lines).toEqual([
      {
        custom_id: 'r00000000-0',
        method: 'POST',
        url: '/v1/chat/completions',
        body: {
          model: 'gpt-4.1',
          temperature: 0.5,
          stop: ['a'],
          messages: [
            { role: 'system', content: 'Be brief' },
            { role: 'user', content: 'Sum up a {{x}} of ["u",1]' },
          ],
        },
      },
    ]);
    const ran = await world.run([...args.filter((arg) => arg !== '--dry-run'), ...flags, '--wait']);
    expect([ran.stderr, ran.code]).toEqual(['', 0]);
    expect(await results('chat')).toHaveLength(1);
  });

  it('writes results to a file whole, and says how many', async () => {
    const ran = await world.run([
      'results',
      '--run-id',
      'csv',
      '--store',
      'store',
      '--output',
      'out.jsonl',
    ]);
    expect(ran.json).toMatchObject({ run_id: 'csv', result_count: 50 });
    expect(world.storedText('.').includes('.tmp')).toBe(false);
    const missing = await world.run([
      'results',
      '--run-id',
      'csv',
      '--store',
      'store',
      '--output',
      'no/such/out.jsonl',
    ]);
    expect(missing.code).toBe(3);
    expect(missing.stderr).toContain('--output no/such/out.jsonl cannot be written');
    expect(missing.stdout).toBe('');
  });

  it('shows the first requests in a dry run, with no key, no network and nothing created', async () => {
    world.write('dry.csv', csvOf(10));
    const callsBefore = JSON.stringify(world.emulator.ledger.calls);
    const ran = await world.run(
      startArgs('dry.csv', 'dry', '--dry-run', '--store', 'never', '--limit', '3'),
      {
        env: { OPENAI_API_KEY: '' },
      },
    );
    expect([ran.stderr, ran.code]).toEqual(['', 0]);
    expect(ran.lines.map((line) => line['custom_id'])).toEqual([
      'r00000000-0',
      'r00000000-1',
      'r00000000-2',
    ]);
    expect(JSON.stringify(world.emulator.ledger.calls)).toBe(callsBefore);
    expect(() => world.storedText('never')).toThrow();
    world.write(
      'twice.jsonl',
      ['a', 'b', 'a'].map((text, id) => `${JSON.stringify({ id: String(id), text })}\n`).join(''),
    );
    const once = await world.run(
      startArgs('twice.jsonl', 'dry', '--dry-run', '--send-duplicates-once'),
    );
    expect(once.lines.map((line) => line['custom_id'])).toEqual(['r00000000-0', 'r00000000-1']);
    expect(once.stderr).toBe(
      'batchor: of these 3 rows, 1 would not be sent: an earlier row has the same request\n',
    );
    const misnamed = await world.run(startArgs('dry.csv', 'a/b', '--dry-run'));
    expect([misnamed.code, misnamed.stdout]).toEqual([1, '']);
  });

  it('writes results through a link and into a pipe, and never over its own input', async () => {
    world.write('in.csv', csvOf(5));
    expect((await world.run(startArgs('in.csv', 'where', '--wait'))).code).toBe(0);
    const to = (output: string): Promise<Ran> =>
      world.run(['results', '--run-id', 'where', '--store', 'store', '--output', output]);
    const at = (name: string): string => join(world.folder, name);
    writeFileSync(at('real.jsonl'), 'old');
    symlinkSync('real.jsonl', at('link.jsonl'));
    expect((await to('link.jsonl')).json['result_count']).toBe(5);
    expect(lstatSync(at('link.jsonl')).isSymbolicLink()).toBe(true);
    expect(linesOf(readFileSync(at('real.jsonl'), 'utf8'))).toHaveLength(5);
    execFileSync('mkfifo', [at('pipe')]);
    const [read] = await Promise.all([readFile(at('pipe'), 'utf8'), to('pipe')]);
    expect(linesOf(read)).toHaveLength(5);
    expect(lstatSync(at('pipe')).isFIFO()).toBe(true);
    symlinkSync('in.csv', at('alias.csv'));
    for (const name of ['in.csv', './in.csv', 'alias.csv']) {
      const refused = await to(name);
      expect([refused.code, refused.stdout]).toEqual([1, '']);
      expect(refused.stderr).toContain('is an input of this run');
    }
    expect(readFileSync(at('in.csv'), 'utf8')).toBe(csvOf(5));
  });

  it('ends with 4 when it is cancelled before its input is read, though every row that was read is answered', async () => {
    world.write('bad-first.csv', `id,text\nbroken\n${csvOf(5).split('\n').slice(1).join('\n')}`);
    expect((await world.run(startArgs('bad-first.csv', 'nothing', '--wait'))).code).toBe(4);
    const cancelled = await world.run([
      'cancel',
      '--run-id',
      'nothing',
      '--store',
      'store',
      '--wait',
    ]);
    expect([cancelled.code, cancelled.json['item_count']]).toEqual([4, 0]);
  });

  it('shows one live line to a terminal and none to a file', async () => {
    world.write('live.csv', csvOf(10));
    const ran = await world.run(startArgs('live.csv', 'live', '--wait'), { isTerminal: true });
    expect(ran.stderr).toContain('batchor: run live in ');
    expect(ran.stderr).toContain('rows answered');
    expect(ran.stderr.endsWith('\r\u001b[2K')).toBe(true);
    expect(ran.json['status']).toBe('completed');
  });

  it('lists the runs, newest first, and deletes a finished one', async () => {
    const listed = await world.run(['list', '--store', 'store', '--limit', '2']);
    expect(
      (listed.json as unknown as readonly Readonly<Record<string, unknown>>[]).map(
        (run) => run['run_id'],
      ),
    ).toEqual(['live', 'nothing']);
    expect((await world.run(['delete', '--run-id', 'live', '--store', 'store'])).json).toEqual({
      run_id: 'live',
      deleted: true,
      abandoned_batches: [],
    });
    const gone = await world.run(['status', '--run-id', 'live', '--store', 'store']);
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain('List the runs of the store: batchor list --store store');
  });
});
