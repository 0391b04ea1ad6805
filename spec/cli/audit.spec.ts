import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCliWorld, csvOf, startArgs, type CliWorld, type Ran } from './in-process.ts';

describe('batchor verify', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await createCliWorld({ faults: [{ type: 'rows_fail', ratio: 0.2, statusCode: 500 }] });
    world.write('rows.csv', `${csvOf(40)}item-3,again,1\n`);
    const ran = await world.run(
      startArgs(
        'rows.csv',
        'audited',
        '--wait',
        '--max-requests-per-batch',
        '15',
        '--bad-rows',
        'record',
      ),
    );
    expect(ran.code).toBe(2);
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  /** Without a key and without a network. */
  const typed = (command: string, ...rest: readonly string[]): Promise<Ran> =>
    world.run([command, '--run-id', 'audited', '--store', 'store', ...rest], { onlyEnv: {} });
  const objects = (part: string): readonly string[] => {
    const folder = join(world.folder, 'store', 'runs', 'audited', 'objects');
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.includes(part) && name.endsWith('.jsonl') && !name.includes('.sums-'))
      .map((name) => join(folder, name))
      .toSorted();
  };
  /** Does what it is told to a file, verifies, and puts the file back. */
  const damaged = async (path: string, damage: (bytes: Buffer) => void): Promise<Ran> => {
    const whole = readFileSync(path);
    try {
      damage(Buffer.from(whole));
      return await typed('verify');
    } finally {
      writeFileSync(path, whole);
    }
  };

  it('proves a run from its store alone: JSON on stdout, a table of laws and batches on stderr, and nothing changed', async () => {
    const before = world.storedText('store');
    const ran = await typed('verify');
    expect(ran.code).toBe(0);
    expect(ran.json).toMatchObject({
      run_id: 'audited',
      is_sound: true,
      item_count: 41,
      broken: null,
    });
    const batches = ran.json['batches'] as readonly Readonly<Record<string, unknown>>[];
    const sum = (key: string): number =>
      batches.reduce((total, batch) => total + Number(batch[key]), 0);
    expect(sum('request_count')).toBe(
      sum('completed_count') + sum('failed_count') + sum('retried_count'),
    );
    expect(sum('completed_count') + sum('failed_count')).toBe(40);
    expect((ran.json['laws'] as readonly object[]).length).toBe(7);
    for (const word of [
      'law ',
      'answers ',
      'batch ',
      'retried',
      'every law holds',
      String(batches[0]?.['batch_key']),
    ])
      expect([word, ran.stderr.includes(word)]).toEqual([word, true]);
    expect(world.storedText('store')).toBe(before);
  });

  it('ends with 6 and names law, batch and row where a byte of an answer, or of a request, is another', async () => {
    const [output] = objects('output');
    const ran = await damaged(output ?? '', (bytes) => {
      bytes.writeUInt8(0x39, bytes.indexOf('"custom_id": "r') + '"custom_id": "r00000000-'.length);
      writeFileSync(output ?? '', bytes);
    });
    expect([ran.code, (ran.json['broken'] as { readonly law?: string }).law]).toEqual([
      6,
      'answers',
    ]);
    expect(ran.stderr).toMatch(
      /batchor: run audited breaks the law "answers": row \d+ \(item "item-\d+"\), batch \d+ \(bk_\w+\): .*cannot be read/,
    );
    expect(ran.stderr).toMatch(/batchor inspect --run-id audited --store store --item item-\d+/);
    const [requests] = objects('requests');
    const other = await damaged(requests ?? '', (bytes) => {
      bytes.write('X', bytes.indexOf('-0"') + 1);
      writeFileSync(requests ?? '', bytes);
    });
    expect([other.code, other.json['broken']]).toMatchObject([
      6,
      { law: 'lines', item_index: 0, item_id: 'item-0' },
    ]);
    expect((await typed('verify')).code).toBe(0);
  });

  it('ends with 6 where a raw file is cut or gone, and shows no stack', async () => {
    const [output] = objects('output');
    const cut = await damaged(output ?? '', (bytes) =>
      truncateSync(output ?? '', bytes.length - 2),
    );
    expect([cut.code, (cut.json['broken'] as { readonly law?: string }).law]).toEqual([
      6,
      'batches',
    ]);
    const gone = await damaged(output ?? '', () => rmSync(output ?? ''));
    expect([gone.code, gone.json['broken']]).toMatchObject([
      6,
      { law: 'batches', message: expect.stringContaining('is missing') as string },
    ]);
    for (const { stderr } of [cut, gone]) expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('proves a run that is not finished, before and after it is driven on', async () => {
    world.write('part.csv', csvOf(20));
    await world.run(startArgs('part.csv', 'part', '--max-requests-per-batch', '6'));
    const verify = (): Promise<Ran> =>
      world.run(['verify', '--run-id', 'part', '--store', 'store']);
    const before = await verify();
    expect([before.code, before.json['is_sound']]).toEqual([0, true]);
    const waiting = world.run(['wait', '--run-id', 'part', '--store', 'store']);
    for (let isOver = false; !isOver;) {
      isOver = await Promise.race([
        waiting.then(() => true),
        new Promise<false>((resolve) => setTimeout(() => resolve(false), 40)),
      ]);
      const ran = await verify();
      expect([ran.code, ran.json['broken']]).toEqual([0, null]);
    }
  });

  it('shows how far it is at a terminal, and leaves nothing of it', async () => {
    const ran = await world.run(['verify', '--run-id', 'audited', '--store', 'store'], {
      isTerminal: true,
    });
    expect(ran.code).toBe(0);
    expect(ran.stderr.replace(/(\r\u001b\[2K(verifying: \d+ %)?)*/u, '').startsWith('law ')).toBe(
      true,
    );
  });

  it('says what is wrong with what it was asked', async () => {
    expect((await world.run(['verify', '--store', 'store'])).stderr).toContain(
      '--run-id is missing',
    );
    const unknown = await world.run(['verify', '--run-id', 'nobody', '--store', 'store']);
    expect([unknown.code, unknown.stdout]).toEqual([1, '']);
  });
});

describe('batchor inspect', () => {
  let world: CliWorld;
  beforeAll(async () => {
    // Everything fails once: the first batch is refused row by row, the second answers.
    world = await createCliWorld({
      faults: [{ type: 'rows_fail', ratio: 1, statusCode: 500, batch: 1 }],
    });
    world.write('rows.csv', csvOf(5));
    await world.run(startArgs('rows.csv', 'told', '--wait', '--keep-columns'));
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  const inspect = (...rest: readonly string[]): Promise<Ran> =>
    world.run(['inspect', '--run-id', 'told', '--store', 'store', ...rest], { onlyEnv: {} });

  it("prints a row's history: attempt, batch, file, line, outcome", async () => {
    const ran = await inspect('--item', 'item-2');
    expect(ran.code).toBe(0);
    expect(ran.json).toMatchObject({
      run_id: 'told',
      item_id: 'item-2',
      item_index: 2,
      status: 'completed',
      attempt_count: 2,
      metadata: { stars: '2', batchor_lineage: { source_ref: 'rows.csv', source_item_index: 2 } },
      attempts: [
        {
          batch_no: 1,
          create_attempt: 1,
          ending: 'completed',
          outcome: 'retried',
          error_class: 'server_error',
          is_charged: true,
          lines: [
            {
              part: 'error',
              verdict: 'server_error',
              is_answer: false,
              error: { message: expect.stringContaining('500') as string },
            },
          ],
        },
        {
          batch_no: 2,
          outcome: 'completed',
          is_charged: true,
          lines: [{ part: 'output', verdict: 'succeeded', is_answer: true }],
        },
      ],
      request: { model: 'gpt-4.1', input: 'What is 2?' },
      result: {
        status: 'completed',
        output_text: expect.stringContaining('What is 2?') as string,
        batch_id: expect.any(String) as string,
      },
      faults: [],
    });
    expect(ran.stderr).toMatch(
      /^row 2, item "item-2": completed, 2 charged and 0 uncharged attempts\n/,
    );
    expect(ran.stderr).toMatch(/\nbatch 1 \(bk_\w+\): to be sent again as server_error, charged\n/);
    expect(ran.stderr).toMatch(/\n {2}error file: raw\/\S+, byte \d+, \d+ bytes: server_error\n/);
    expect(ran.stderr).toMatch(/\nbatch 2 \(bk_\w+\): completed, charged\n/);
    expect(ran.stderr).toMatch(/: succeeded, the answer\n/);
    const shown = await world.run(
      ['inspect', '--run-id', 'told', '--store', 'store', '--item', 'item-2'],
      { isStdoutTerminal: true },
    );
    expect([shown.stderr, shown.stdout.startsWith('row 2, item "item-2": completed')]).toEqual([
      '',
      true,
    ]);
    for (const words of [
      /request:\n.*"input": "What is 2\?"/su,
      /answer:\n +You asked: "What is 2\?"/u,
      /provider message: .*500/u,
    ])
      expect(shown.stdout).toMatch(words);
  });

  it('says that there is no such row, and where the ids are', async () => {
    const unknown = await inspect('--item', 'item-99');
    expect([unknown.code, unknown.stdout]).toEqual([1, '']);
    expect(unknown.stderr).toBe(
      `batchor: run told has no item "item-99"\n  Ids are case-sensitive. List them: batchor results --run-id told --store store --partial\n`,
    );
    expect((await inspect()).stderr).toContain('--item is missing');
  });
});
