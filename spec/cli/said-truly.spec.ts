import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capNoteOf } from '../../cli/print/cap-note.ts';
import { reportFailure } from '../../cli/shell/failure.ts';
import type { Description } from '../../cli/job/job-description.ts';
import { summaryInPlace } from '../../cli/shell/place.ts';
import { serviceNotes } from '../../cli/print/service-notes.ts';
import { endedRemedy, failureAction, failureClasses } from '../../lib/core/values/failure.ts';
import { BatchorError } from '../../lib/run/api/errors.ts';
import { type CliWorld, createCliWorld, csvOf, startArgs } from './in-process.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await createCliWorld();
  world.write('good.csv', csvOf(3));
});
afterAll(() => world[Symbol.asyncDispose]());

describe('an argument that cannot be meant', () => {
  const cases: readonly (readonly [args: readonly string[], message: string, hint: string])[] = [
    [
      ['start', '--input', 'a.csv', 'b.csv'],
      'start has an unexpected argument "b.csv"',
      "--input b.csv), and quote patterns (--input '*.csv')",
    ],
    [
      ['status', 'reviews'],
      'status has an unexpected argument "reviews"',
      'Did you mean --run-id reviews? See its flags: batchor status --help',
    ],
    [
      ['quote', '--input', 'good.csv', '--dry-run'],
      'quote has no flag --dry-run',
      'so omit it. To print the requests: batchor start --dry-run',
    ],
    [
      ['wait', '--run-id', 'r', 'now'],
      'wait has an unexpected argument "now"',
      'Quote values that contain blanks.',
    ],
    [
      ['start', '--wait', 'true'],
      'start has an unexpected argument "true"',
      'Did you mean --run-id true?',
    ],
    [
      ['start', '--run-id', 'r', '--wait', 'true'],
      'start has an unexpected argument "true"',
      '--wait takes no value.',
    ],
    [['start', '--wait=yes'], '--wait takes no value (got "yes")', 'Give --wait without a value.'],
    [['status', '--run-id'], '--run-id needs a value', 'See its flags: batchor status --help'],
    [
      ['start', '--output-files-expire-after', '-1'],
      '--output-files-expire-after needs a value, but -1 is read as a flag',
      '--output-files-expire-after=-1',
    ],
    [['wait', '-x'], 'wait has no flag -x', 'See its flags: batchor wait --help'],
    [['wait', '--runid', 'r'], 'wait has no flag --runid', 'Did you mean --run-id?'],
    [
      ['start', '--ouput', 'x'],
      'start has no flag --ouput',
      'Did you mean --output? --output belongs to `batchor results`',
    ],
    [
      ['start', '--output', 'x'],
      'start has no flag --output',
      '  --output belongs to `batchor results`',
    ],
    [
      ['schema', 'check'],
      'schema check needs FILE|MODULE#EXPORT',
      'For example: batchor schema check label.schema.json',
    ],
    [
      ['schema', 'check', 'a', 'b'],
      'schema check has an unexpected argument "b"',
      'batchor schema check --help',
    ],
  ];
  for (const [args, message, hint] of cases)
    it(`is named with what to type instead: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await world.run(args);
      expect([code, stdout, stderr.split('\n').length]).toEqual([1, '', 3]);
      expect(stderr).toContain(`batchor: ${message}\n`);
      expect(stderr).toContain(hint);
    });

  it('leaves help reachable, and a dash from being standard input', async () => {
    expect((await world.run(['schema', 'check', '--help'])).code).toBe(0);
    const { stderr } = await world.run(['start', '--input', '-', '--input-format', 'jsonl'], {
      stdin: '{"id":1}\n',
    });
    expect(stderr).toContain('--model is missing');
  });
});

describe('an error of batchor itself', () => {
  const reported = (error: unknown, env: Readonly<Record<string, string>>): string => {
    const chunks: string[] = [];
    const stderr = new Writable({
      write: (chunk: Buffer, _encoding, done) => (chunks.push(chunk.toString()), done()),
    });
    reportFailure({ stderr, env }, error);
    return chunks.join('');
  };

  it('shows its stack only where it is asked for, and says how to report it', () => {
    const broken = new BatchorError(
      'invariant_violated',
      { runId: 'r', message: 'x' } as never,
      'a law is broken',
      'Nothing was written.',
    );
    for (const error of [new TypeError('x is undefined'), broken]) {
      const plain = reported(error, {});
      expect(plain).toContain(error.message);
      expect(plain).toContain('BATCHOR_DEBUG=1');
      expect(plain).not.toMatch(/^\s+at /mu);
      expect(reported(error, { BATCHOR_DEBUG: '1' })).toMatch(/^\s+at /mu);
    }
  });
});

describe('a run that was paused before', () => {
  it('is not reported as if it had just been paused', async () => {
    world.write('bad.csv', 'id,text\na,x\na,y\n');
    const first = await world.run(startArgs('bad.csv', 'paused', '--wait'));
    expect(first.stderr).toContain('run paused is paused (bad_rows): ');
    const again = await world.run(['wait', '--run-id', 'paused', '--store', 'store']);
    expect(again.code).toBe(4);
    expect(again.stderr).toContain(
      'run paused was paused before this command began, and stays paused until you resume it; reason (bad_rows): bad.csv:3',
    );
    expect(again.stderr).toContain('batchor resume --run-id paused --store store');
  });
});

describe('a limit of a batch', () => {
  it('that no row fits into is refused before anything exists', async () => {
    const uploads = world.emulator.ledger.uploads;
    const ran = await world.run(
      startArgs('good.csv', 'small', '--max-bytes-per-batch', '50', '--wait'),
    );
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(
      /--max-bytes-per-batch 50 is too small for one request: the request of "item-0" has 1\d\d bytes/u,
    );
    expect((await world.run(['status', '--run-id', 'small', '--store', 'store'])).code).toBe(1);
    expect(world.emulator.ledger.uploads).toBe(uploads);
  });

  it('that some rows do not fit into is reported, and the others are sent', async () => {
    world.write('long.csv', `id,text\na,x\nb,${'y'.repeat(300)}\n`);
    const ran = await world.run(
      startArgs('long.csv', 'long', '--max-bytes-per-batch', '250', '--wait'),
    );
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('the request of "b" has');
    expect(ran.stderr).toContain('1 of the first 2');
    expect(ran.json).toMatchObject({ item_counts: { completed: 1, failed_permanent: 1 } });
  });
});

describe('what the service is known not to take', () => {
  const notes = (said: object): Promise<readonly string[]> =>
    serviceNotes({
      version: 1,
      baseUrl: null,
      model: 'gpt-4.1-mini',
      completionWindow: '24h',
      endpoint: 'responses',
      params: {},
      ...said,
    } as Description);

  it.each<[string, string, string, string | null]>([
    ['openai', 'responses', 'max_tokens', 'max_output_tokens'],
    ['openai', 'responses', 'max_output_tokens', null],
    ['openai', 'responses', 'toString', null],
    ['openai', 'chat.completions', 'max_output_tokens', 'max_completion_tokens'],
    ['openai', 'chat.completions', 'max_tokens', null],
    ['groq', 'chat.completions', 'max_output_tokens', null],
    ['mistral', 'chat.completions', 'max_completion_tokens', 'max_tokens'],
    ['mistral', 'chat.completions', 'seed', 'random_seed'],
    ['anthropic', 'messages', 'max_output_tokens', 'max_tokens'],
  ])(
    'names the parameter of %s %s that is %s elsewhere',
    async (provider, endpoint, given, name) => {
      const model = provider === 'anthropic' ? 'claude-haiku-4-5' : 'gpt-4.1';
      expect(await notes({ provider, endpoint, model, params: { [given]: 9 } })).toEqual(
        name === null
          ? []
          : [
              `batchor: warning: --param ${given}: ${endpoint} does not have it, and the service may refuse every row. There it is ${name}`,
            ],
      );
    },
  );

  it('is reported, with the nearest that it does', async () => {
    expect(await notes({ model: 'gpt-4.1-mni' })).toEqual([
      'batchor: OpenAI has no model "gpt-4.1-mni" known to this version; did you mean gpt-4.1-mini?',
    ]);
    expect(await notes({ model: 'claude-next' })).toEqual([
      'batchor: OpenAI has no model "claude-next" known to this version; it may be newer than this version',
    ]);
    expect(await notes({ completionWindow: '1h' })).toEqual([
      'batchor: OpenAI takes --completion-window 24h, and may refuse 1h',
    ]);
  });

  it('is nothing, where model and window are known, and where the service is another', async () => {
    for (const model of [
      'gpt-4.1',
      'gpt-4.1-2025-04-14',
      'gpt-4-0613',
      'ft:gpt-4o-mini-2024-07-18:acme::x',
      'gpt-4-1106-preview',
    ])
      expect([model, await notes({ model })]).toEqual([model, []]);
    expect(
      await notes({
        baseUrl: 'https://api.groq.com/openai/v1',
        model: 'llama',
        completionWindow: '7d',
      }),
    ).toEqual([]);
  });
});

describe('a command in a summary', () => {
  it('names the store, as it does on stderr', () => {
    const message = 'look: `batchor resolve --run-id r --batch k --retry`, or `batchor list`';
    const summary = { troubles: [{ message }], held: null, count: 1 };
    expect(summaryInPlace({ storeFlag: '' }, summary)).toBe(summary);
    expect(summaryInPlace({ storeFlag: ' --store s' }, summary)).toEqual({
      troubles: [
        {
          message:
            'look: `batchor resolve --run-id r --store s --batch k --retry`, or `batchor list --store s`',
        },
      ],
      held: null,
      count: 1,
    });
  });
});

describe('what to do about a row that has ended', () => {
  it('is never that it is asked again, nor that its run is resumed', () => {
    for (const failureClass of failureClasses) {
      const remedy = endedRemedy(failureClass);
      expect(remedy).not.toMatch(/^none|: it is asked again|resume the run/u);
      if (failureAction(failureClass) !== 'fail')
        expect(remedy).toContain(`batchor start --from-run RUN --only ${failureClass}`);
    }
  });
});

describe('a run of the failures of another one', () => {
  it('is refused where bad rows are all that failed, also by --dry-run', async () => {
    world.write('bad-row.csv', 'id,text\nr0,hello\nr1,\n');
    const first = startArgs('bad-row.csv', 'bad-rows', '--bad-rows', 'record', '--wait');
    expect((await world.run(first)).code).toBe(2);
    for (const more of [['--dry-run'], ['--run-id', 'bad-again', '--wait']]) {
      const again = await world.run([
        'start',
        '--from-run',
        'bad-rows',
        '--store',
        'store',
        ...more,
      ]);
      expect(again.code).not.toBe(0);
      expect(again.stderr).toContain('1 row was a bad row (invalid_row)');
      expect(again.stderr).toContain(
        '\n  Correct the input, and start a new run. What is wrong with each row: `batchor results --run-id bad-rows --store store --only invalid_row`',
      );
      expect(again.stderr).not.toContain('readable source');
    }
  });

  it('says how many bad rows are left out, with any of its rows and under --dry-run', async () => {
    world.write('one-bad.csv', 'id,text\nr0,hello\nr1,\nr2,\n');
    const first = startArgs('one-bad.csv', 'one-bad', '--bad-rows', 'record', '--wait');
    expect((await world.run(first)).code).toBe(2);
    const again = ['start', '--from-run', 'one-bad', '--only', 'all', '--store', 'store'];
    for (const more of [['--dry-run'], ['--run-id', 'one-again', '--wait']]) {
      const { code, stderr } = await world.run([...again, ...more]);
      expect([code, stderr]).toEqual([
        0,
        'batchor: 2 bad rows of run one-bad (invalid_row) are left out, since bad rows never had a request: `batchor results --run-id one-bad --store store --only invalid_row`\n',
      ]);
    }
  });
});

describe('a cap that is held by estimate', () => {
  it.each([
    ['estimated', null, 'the prompt tokens of these rows are estimated, not counted'],
    ['mixed', 0.2, 'the prompt tokens of some rows are estimated, not counted'],
    ['exact', -0.2, 'the provider has billed 25 % more prompt tokens than were counted'],
  ] as const)('says why: %s', (counting, errorRatio, reason) => {
    const { cost, tokens } = { cost: { cap_usd: 5, is_bound: false }, tokens: { counting } };
    const wire = { status: 'running', cost, tokens: { ...tokens, error_ratio: errorRatio } };
    expect(capNoteOf(wire)).toContain(`may be passed: ${reason} (`);
    expect(capNoteOf({ ...wire, cost: { ...cost, is_bound: true } })).toBeNull();
  });
});
