import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCliWorld, csvOf, linesOf, startArgs, type CliWorld } from './in-process.ts';

const pricesText = JSON.stringify({
  'gpt-4.1': {
    input: 2,
    output: 8,
    as_of: '2026-11-01',
    source: 'the contract',
    batch_discount: 0.5,
  },
  house: { input: 0.4, output: 1.6, as_of: '2026-11-01' },
});
const quoteArgs = (...rest: readonly string[]): readonly string[] => [
  'quote',
  '--input',
  'rows.csv',
  '--id-field',
  'id',
  '--prompt-field',
  'text',
  ...(rest.includes('--model') ? [] : ['--model', 'gpt-4.1']),
  ...rest,
];
const bounded = ['--param', 'max_output_tokens=100'];
const documentOf = (stdout: string): Record<string, unknown> =>
  JSON.parse(stdout) as Record<string, unknown>;
const worldOf = async (rowCount: number): Promise<CliWorld> => {
  const world = await createCliWorld();
  world.write('rows.csv', csvOf(rowCount));
  world.write('prices.json', pricesText);
  return world;
};
/** A value that begins with a dash is one only behind an equals sign. */
const typed = (flags: readonly string[]): readonly string[] =>
  flags.flatMap((word, i) => {
    const next = flags[i + 1];
    if (/^-\d/u.test(word)) return [];
    return next !== undefined && /^-\d/u.test(next) ? [`${word}=${next}`] : [word];
  });
const storeOf = (world: CliWorld): string => join(world.folder, 'store');

describe('batchor quote', () => {
  it('says what would be sent and cost, with no key, no network and nothing created', async () => {
    await using world = await worldOf(30);
    const ran = await world.run(
      quoteArgs(...bounded, '--output-tokens', '40', '--prices', 'prices.json'),
      { onlyEnv: {} },
    );
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(documentOf(ran.stdout)).toMatchObject({
      model: 'gpt-4.1',
      endpoint: 'responses',
      item_count: 30,
      bad_row_count: 0,
      batch_count: 1,
      input_tokens: { is_exact: true, error_ratio: 0, counted_row_count: 30, counter: 'tiktoken' },
      output_tokens: { min: 30, expected: 1_200, max: 3_000 },
      prices: {
        input_usd_per_million: 1,
        cached_input_usd_per_million: 1,
        output_usd_per_million: 4,
        as_of: '2026-11-01',
        source: 'the contract',
      },
      cap: null,
      queue: { scope: 'openai/gpt-4.1', tokens_max: null, round_count: 1 },
      hours: { from: 1, to: 24 },
    });
    const {
      cost_usd: cost,
      worst_case_usd: worst,
      input_tokens: input,
    } = documentOf(ran.stdout) as Record<string, number> & {
      input_tokens: { expected: number };
    };
    expect(cost).toBeCloseTo((input.expected + 1_200 * 4) / 1e6, 10);
    expect(worst).toBeCloseTo((input.expected + 3_000 * 4) / 1e6, 10);
    expect(existsSync(storeOf(world))).toBe(false);
    expect(existsSync(join(world.folder, '.batchor'))).toBe(false);
  });

  it('takes the flags of start, and says what is unknown by null', async () => {
    await using world = await worldOf(30);
    const flags = [
      '--max-requests-per-batch',
      '7',
      '--enqueued-token-limit',
      '100000',
      '--canary',
      '5',
      '--max-cost',
      '3',
      '--sample',
      '10',
      '--exact',
    ];
    const ran = await world.run(
      quoteArgs('--model', 'nobody-knows', ...flags, '--batch-hours', '2-3'),
    );
    expect(ran.code).toBe(0);
    expect(documentOf(ran.stdout)).toMatchObject({
      batch_count: 5,
      cost_usd: null,
      cost_range: { min_usd: null, max_usd: null },
      worst_case_usd: null,
      prices: null,
      output_tokens: { min: 30, expected: null, max: null },
      cap: { usd: 3, verdict: 'unknown' },
      // At another address the queue is another.
      queue: {
        scope: `${new URL(world.emulator.baseURL).host}/nobody-knows`,
        tokens_max: 100_000,
        round_count: 2,
      },
      hours: { from: 4, to: 6 },
    });
  });

  it('takes prices from BATCHOR_PRICES, and prints a table to a terminal', async () => {
    await using world = await worldOf(30);
    const ran = await world.run(quoteArgs('--model', 'house', ...bounded), {
      env: { BATCHOR_PRICES: 'prices.json' },
      isTerminal: true,
    });
    expect(documentOf(ran.stdout)).toMatchObject({
      prices: { input_usd_per_million: 0.4 },
      cost_usd: null,
    });
    expect(ran.stderr).toMatch(/house, responses +expected +at least +at most/u);
    expect(ran.stderr).toMatch(/output tokens +unknown +30 +3,000/u);
    // The house's own model: how it counts is not known, so that its tokens are no bound, and
    // neither is what they cost.
    expect(ran.stderr).toMatch(/input tokens +about \d+ +estimated/u);
    expect(ran.stderr).toMatch(/cost +unknown +about \$0\.\d+ +about \$0\.\d+/u);
    expect(ran.stderr).toContain('note: input tokens are an estimate, not a bound');
    expect(ran.stderr).toContain('per round');
    expect(ran.stderr).toContain('note: prices as of 2026-11-01 (prices.json)');
  });

  it('counts bad rows, and refuses what start would refuse', async () => {
    await using world = await worldOf(3);
    world.write('rough.csv', 'id,text\na,Fine.\nb\na,Again.\n');
    const ran = await world.run(
      quoteArgs().map((word) => (word === 'rows.csv' ? 'rough.csv' : word)),
    );
    expect(documentOf(ran.stdout)).toMatchObject({ item_count: 1, bad_row_count: 2 });
    const wrong: readonly (readonly [readonly string[], RegExp | string])[] = [
      [['--sample', '0'], /^batchor: --sample must be .* \(got "0"\)/u],
      [['--sample', 'NaN'], /^batchor: --sample must be .* \(got "NaN"\)/u],
      [['--output-tokens', '-1'], /^batchor: --output-tokens must be .* \(got "-1"\)/u],
      [['--output-tokens', 'NaN'], /^batchor: --output-tokens must be .* \(got "NaN"\)/u],
      [['--batch-hours', '24-1'], /^batchor: --batch-hours must be .* \(got "24-1"\)/u],
      [['--batch-hours', 'soon'], /^batchor: --batch-hours must be .* \(got "soon"\)/u],
      [
        ['--target-ratio', '2'],
        '--target-ratio must be a share between 0 and 1, e.g. 0.8 (got "2")',
      ],
      [
        ['--target-ratio', 'half'],
        '--target-ratio must be a share between 0 and 1, e.g. 0.8 (got "half")',
      ],
      [
        ['--prices', 'nowhere.json'],
        '--prices: nowhere.json: no such file. Relative paths start in',
      ],
      [['--prices', '.'], '--prices: . is a folder, not a file'],
      [['--prices', ''], '--prices: must be the name of a file'],
      [
        ['--enqueued-token-limit', '100', '--headroom', '100'],
        '--headroom 100 leaves nothing of --enqueued-token-limit 100',
      ],
    ];
    for (const [flags, message] of wrong) {
      const failed = await world.run(quoteArgs(...typed(flags)));
      expect([failed.code, failed.stdout]).toEqual([1, '']);
      expect(failed.stderr).toMatch(message);
    }
  });
});

describe('flags of money and capacity', () => {
  it('are refused where they cannot be meant, before anything exists', async () => {
    await using world = await worldOf(3);
    world.write('broken.json', '{"gpt-4.1":{"input":-1,"output":1,"as_of":"2026-11-01"}}');
    const wrong: readonly (readonly [readonly string[], ...(RegExp | string)[]])[] = [
      [['--max-cost', 'NaN'], /^batchor: --max-cost must be .* \(got "NaN"\)/u],
      [['--max-cost', '-1'], /^batchor: --max-cost must be .* \(got "-1"\)/u],
      [['--max-cost', '0'], '--max-cost must be a dollar amount above 0, e.g. 2.50 (got "0")'],
      [['--max-cost', '1e3'], /^batchor: --max-cost must be .* \(got "1e3"\)/u],
      [
        ['--max-cost', '5'],
        '--max-cost',
        '--param max_output_tokens=1000',
        '--assume-output-tokens N',
      ],
      [
        ['--max-cost', '5', ...bounded, '--model', 'nobody-knows'],
        'no price is known for model nobody-knows',
        '--prices FILE',
      ],
      [
        ['--assume-output-tokens', '-3'],
        /^batchor: --assume-output-tokens must be .* \(got "-3"\)/u,
      ],
      [['--canary', '1.5'], /^batchor: --canary must be .* \(got "1\.5"\)/u],
      [['--canary-pass-ratio', '0.5'], '--canary-pass-ratio needs --canary'],
      [
        ['--canary', '5', '--canary-pass-ratio', '2'],
        /^batchor: --canary-pass-ratio must be .* \(got "2"\)/u,
      ],
      [['--min-pass-ratio', '1.01'], /^batchor: --min-pass-ratio must be .* \(got "1\.01"\)/u],
      [['--max-failed-batches', '0'], /^batchor: --max-failed-batches must be .* \(got "0"\)/u],
      [['--target-ratio', '2'], /^batchor: --target-ratio must be .* \(got "2"\)/u],
      [['--target-ratio', '0'], '--target-ratio must be above 0 (got 0)'],
      [['--headroom', '-1'], /^batchor: --headroom must be .* \(got "-1"\)/u],
      [['--headroom', '90', '--enqueued-token-limit', '80'], '--headroom 90 leaves nothing'],
      [['--enqueued-token-limit', '0'], /^batchor: --enqueued-token-limit must be .* \(got "0"\)/u],
      [
        ['--enqueued-request-limit', 'many'],
        /^batchor: --enqueued-request-limit must be .* \(got "many"\)/u,
      ],
      [
        ['--max-batch-enqueued-tokens', '0'],
        /^batchor: --max-batch-enqueued-tokens must be .* \(got "0"\)/u,
      ],
      [['--quota-scope', ' '], '--quota-scope is empty'],
      [['--prices', 'nowhere.json'], '--prices', 'no such file'],
      [['--prices', 'broken.json'], '--prices: broken.json: "gpt-4.1", "input"', 'got -1'],
    ];
    for (const [flags, ...messages] of wrong) {
      const ran = await world.run(startArgs('rows.csv', 'never', ...typed(flags)));
      expect([flags, ran.code, ran.stdout]).toEqual([flags, 1, '']);
      for (const message of messages) expect(ran.stderr).toMatch(message);
    }
    expect(existsSync(storeOf(world))).toBe(false);
  });

  it('hold for the whole run, whichever process continues it', async () => {
    await using world = await worldOf(12);
    const flags = [
      ...[
        '--enqueued-token-limit',
        '5000',
        '--enqueued-request-limit',
        '9',
        '--target-ratio',
        '0.9',
        '--headroom',
        '10',
      ],
      ...[
        '--max-batch-enqueued-tokens',
        '4000',
        '--quota-scope',
        'ours',
        '--canary',
        '3',
        '--canary-pass-ratio',
        '0.8',
      ],
      ...[
        '--max-failed-batches',
        '2',
        '--min-pass-ratio',
        '0.2',
        '--max-cost',
        '5',
        '--prices',
        'prices.json',
        ...bounded,
      ],
    ];
    const started = await world.run(startArgs('rows.csv', 'all', ...flags));
    expect(started.code).toBe(0);
    const ended = await world.run(['wait', '--run-id', 'all', '--store', 'store']);
    expect(ended.code).toBe(0);
    expect(documentOf(ended.stdout)).toMatchObject({
      item_counts: { completed: 12 },
      cost: { committed_worst_usd: 0, cap_usd: 5, is_complete: true },
      tokens: { counting: 'exact' },
      queue: {
        scope: 'ours',
        limit_requests: 8,
        used_tokens: 0,
        used_requests: 0,
        refusals: null,
        waits_for: null,
      },
    });
    const { cost, usage, tokens } = documentOf(ended.stdout) as {
      cost: { spent_usd: number };
      usage: { input_tokens: number; output_tokens: number };
      tokens: { counted: number; billed: number; error_ratio: number };
    };
    expect(cost.spent_usd).toBeCloseTo((usage.input_tokens + 4 * usage.output_tokens) / 1e6, 10);
    expect(tokens.billed).toBe(usage.input_tokens);
    expect(tokens.error_ratio).toBeCloseTo(tokens.counted / tokens.billed - 1, 10);
    const listed = await world.run(['list', '--store', 'store']);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ run_id: 'all', cost: { cap_usd: 5 } }]);
    const verified = await world.run(['verify', '--run-id', 'all', '--store', 'store']);
    const { batches } = documentOf(verified.stdout) as {
      batches: readonly { request_count: number; usage: { input_tokens: number } }[];
    };
    expect(batches[0]?.request_count).toBe(3);
    expect(batches.reduce((sum, batch) => sum + batch.usage.input_tokens, 0)).toBe(
      usage.input_tokens,
    );
    // What was left out means what the run has.
    const again = await world.run(startArgs('rows.csv', 'all', ...bounded));
    expect([again.code, documentOf(again.stdout)]).toMatchObject([
      0,
      { cost: { cap_usd: 5 }, queue: { scope: 'ours' } },
    ]);
  });

  it.each([
    ['a conversation', 'previous_response_id="resp_1"'],
    ['a hosted tool', 'tools=[{"type":"web_search"}]'],
    ['what no counter knows', 'conversation="conv_1"'],
  ])('hold a cap by estimate, and say so, where rows bring %s', async (_, param) => {
    await using world = await worldOf(3);
    const flags = [...bounded, '--param', param, '--max-cost', '5'];
    const quoted = await world.run(quoteArgs(...flags));
    expect(documentOf(quoted.stdout)).toMatchObject({
      input_tokens: { is_bound: false },
      cap: { verdict: 'may_be_reached' },
    });
    expect(documentOf(quoted.stdout)['warnings']).toContainEqual(
      expect.stringContaining(
        'the cost cap of $5 is enforced by this estimate and may be exceeded',
      ),
    );
    const note = 'the cap of $5.00 is held by estimate, and may be passed';
    const started = await world.run(startArgs('rows.csv', 'open', ...flags));
    expect(started.stderr.split(note)).toHaveLength(2);
    const estimated = { cost: { cap_usd: 5, is_bound: false }, tokens: { counting: 'estimated' } };
    expect(documentOf(started.stdout)).toMatchObject(estimated);
    const asked = await world.run(['status', '--run-id', 'open', '--store', 'store']);
    expect([documentOf(asked.stdout), asked.stderr]).toMatchObject([
      estimated,
      expect.stringContaining(note),
    ]);
  });

  it('say null for what is not known', async () => {
    await using world = await worldOf(3);
    const ran = await world.run(
      startArgs('rows.csv', 'blind', '--wait').map((word) =>
        word === 'gpt-4.1' ? 'nobody-knows' : word,
      ),
    );
    expect(documentOf(ran.stdout)).toMatchObject({
      cost: { spent_usd: null, committed_worst_usd: null, cap_usd: null },
      tokens: { counting: 'estimated' },
    });
  });
});

describe('a run that its cap has paused', () => {
  it('says how to continue, and continues with more', async () => {
    await using world = await worldOf(40);
    const flags = [
      '--max-cost',
      '0.0015',
      '--prices',
      'prices.json',
      '--max-requests-per-batch',
      '5',
      ...bounded,
      '--wait',
    ];
    const paused = await world.run(startArgs('rows.csv', 'poor', ...flags));
    expect(paused.code).toBe(4);
    expect(documentOf(paused.stdout)).toMatchObject({
      control_reason: 'budget_exhausted',
      cost: { cap_usd: 0.0015 },
    });
    expect(paused.stderr).toContain(
      'batchor resume --run-id poor --store store --max-cost USD --wait',
    );
    expect(paused.stderr).toContain(
      'batchor resume --run-id poor --store store --enqueued-token-limit N --wait',
    );
    const resume = (...rest: readonly string[]): ReturnType<CliWorld['run']> =>
      world.run(['resume', '--run-id', 'poor', '--store', 'store', ...rest]);
    for (const [flag, value] of [
      ['--max-cost', 'NaN'],
      ['--max-cost', '-1'],
      ['--canary', '-1'],
      ['--target-ratio', '2'],
      ['--headroom', '0.5'],
      ['--enqueued-token-limit', '0'],
    ] as const) {
      const refused = await resume(...typed([flag, value]));
      expect([flag, refused.code]).toEqual([flag, 1]);
      expect(refused.stderr).toMatch(
        new RegExp(`^batchor: ${flag} must be .* \\(got "${value}"\\)`, 'u'),
      );
    }
    const richer = await resume(
      '--max-cost',
      '1',
      '--canary',
      '0',
      '--enqueued-request-limit',
      '7',
      '--target-ratio',
      '0.9',
      '--headroom',
      '1',
      '--wait',
    );
    expect(richer.code).toBe(0);
    expect(documentOf(richer.stdout)).toMatchObject({
      item_counts: { completed: 40 },
      cost: { cap_usd: 1 },
      queue: { limit_requests: 6 },
    });
  });

  it('is given a price, or a bound, before it is given a cap', async () => {
    await using world = await worldOf(3);
    const args = startArgs('rows.csv', 'blind').map((word) =>
      word === 'gpt-4.1' ? 'house' : word,
    );
    const started = await world.run([...args, '--bad-rows', 'fail']);
    expect(started.code).toBe(0);
    const resume = (...rest: readonly string[]): ReturnType<CliWorld['run']> =>
      world.run(['resume', '--run-id', 'blind', '--store', 'store', ...rest]);
    const unpriced = await resume('--max-cost', '5');
    expect([unpriced.code, unpriced.stderr]).toMatchObject([
      1,
      expect.stringContaining('no price is known for model house'),
    ]);
    const unbounded = await resume('--max-cost', '5', '--prices', 'prices.json');
    expect([unbounded.code, unbounded.stderr]).toMatchObject([
      1,
      expect.stringContaining('--assume-output-tokens'),
    ]);
    expect(unbounded.stderr).toContain('Nothing was changed.');
    expect(unbounded.stderr).not.toContain('budget.costUsdMax');
    const before = await world.run(['status', '--run-id', 'blind', '--store', 'store']);
    expect(documentOf(before.stdout)).toMatchObject({ cost: { spent_usd: null, cap_usd: null } });
    const told = await resume(
      '--max-cost',
      '5',
      '--prices',
      'prices.json',
      '--assume-output-tokens',
      '100',
      '--wait',
    );
    expect([told.code, documentOf(told.stdout)]).toMatchObject([0, { cost: { cap_usd: 5 } }]);
    expect(linesOf(told.stdout).length).toBe(1);
  });
});
