import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cliProvider } from '../../cli/job/providers.ts';
import { accountFor } from '../../cli/shell/account.ts';
import { withEnvFile } from '../../cli/shell/env-file.ts';
import { parseFaults } from '../../cli/job/fault-file.ts';
import { decimal, params, wholeNumber } from '../../cli/shell/flags.ts';
import { decodeDescription } from '../../cli/job/job-description.ts';
import { nearest } from '../../lib/run/job/nearest.ts';
import { liveLine } from '../../cli/print/progress.ts';
import { parseTemplate } from '../../cli/job/template.ts';
import { emptySnapshot } from '../../lib/core/model/snapshot.ts';
import { summaryOf } from '../../lib/run/view/summary.ts';
import { makeConfig } from '../support/core/config.ts';

describe('a prompt template', () => {
  const render = (
    template: string,
    row: Parameters<ReturnType<typeof parseTemplate>['render']>[0],
  ): unknown => parseTemplate(template).render(row);

  it('puts text in as it is, and anything else as JSON', () => {
    expect(render('a {{x}} b {{ y }} {{z}}{{x}}', { x: '{{y}}', y: [1, 'u'], z: null })).toEqual({
      text: 'a {{y}} b [1,"u"] null{{y}}',
    });
  });

  it('names each field once, and the one that a row lacks', () => {
    expect(parseTemplate('{{a}} {{b}} {{a}}').fields).toEqual(['a', 'b']);
    expect(render('{{a}} {{b}}', { a: 1 })).toEqual({ missing: 'b' });
    expect(render('{{constructor}}', {})).toEqual({ missing: 'constructor' });
  });

  it('leaves escaped and single braces alone', () => {
    expect(render('\\{{a}} {a} } {{a}}', { a: 'x' })).toEqual({ text: '{{a}} {a} } x' });
    expect(() => parseTemplate('{{ }}')).toThrow('name no field');
  });

  it('is any text without two braces itself', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('{{'));
        expect(parseTemplate(text).render({})).toEqual({ text });
      }),
    );
  });
});

describe('a flag', () => {
  it('takes a whole number and nothing like one', () => {
    expect([
      wholeNumber('--n', undefined),
      wholeNumber('--n', '7'),
      wholeNumber('--n', '0', 0),
    ]).toEqual([null, 7, 0]);
    for (const text of ['0', '-1', '1.5', '1e3', ' 1', '', 'x', '9007199254740993'])
      expect(() => wholeNumber('--n', text)).toThrow('--n');
    expect(decimal('--s', '0.5', 0.001, 'seconds')).toBe(0.5);
    for (const text of ['0', '-1', '1e3', '.5', 'x'])
      expect(() => decimal('--s', text, 0.001, 'seconds')).toThrow('--s');
  });

  it('takes parameters as JSON, each key once', () => {
    expect(params(['a=1', 'b={"c":[true]}', 'd="x=y"'])).toEqual({
      a: 1,
      b: { c: [true] },
      d: 'x=y',
    });
    expect(() => params(['a=1', 'a=2'])).toThrow('--param a is given twice');
    expect(() => params(['=1'])).toThrow('key=json');
  });

  it('is recognised through a slip, and never through more', () => {
    expect(nearest('stauts', ['start', 'status'])).toBe('status');
    expect(nearest('results', ['results', 'resume'])).toBe('results');
    expect(nearest('frobnicate', ['start', 'status'])).toBeNull();
  });
});

describe('an environment file', () => {
  it('adds what the caller has not set, and a folder of its name adds nothing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'batchor-env-'));
    try {
      writeFileSync(join(folder, '.env'), 'A=file\nB="x # y" # told\nC=\n');
      const { env, fromFile } = withEnvFile({ A: 'own', D: 'own' }, folder);
      expect(env).toEqual({ A: 'own', B: 'x # y', C: '', D: 'own' });
      expect([...fromFile]).toEqual(['B', 'C']);
      rmSync(join(folder, '.env'));
      expect(withEnvFile({ A: 'own' }, folder).env).toEqual({ A: 'own' });
      mkdirSync(join(folder, '.env'));
      expect(withEnvFile({ A: 'own' }, folder).env).toEqual({ A: 'own' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('where the key goes', () => {
  const loaded = (env: Readonly<Record<string, string>>) => ({ env, fromFile: new Set<string>() });
  const stored = { runId: 'r', baseUrl: 'http://there/v1' };

  it('is the flag, else where the run began, else the environment, else OpenAI', () => {
    const env = loaded({ OPENAI_API_KEY: ' k ', OPENAI_BASE_URL: 'http://env/v1/' });
    expect(accountFor(env, 'http://flag/v1', stored)).toEqual({
      provider: 'openai',
      apiKey: 'k',
      baseUrl: 'http://flag/v1',
    });
    const here = { runId: 'r', baseUrl: 'http://localhost:8080/v1' };
    expect(accountFor(loaded({ OPENAI_API_KEY: 'k' }), undefined, here)).toEqual({
      provider: 'openai',
      apiKey: 'k',
      baseUrl: 'http://localhost:8080/v1',
    });
    expect(accountFor(env, undefined)).toEqual({
      provider: 'openai',
      apiKey: 'k',
      baseUrl: 'http://env/v1',
    });
    const anthropic = loaded({
      ANTHROPIC_API_KEY: 'a',
      OPENAI_API_KEY: 'k',
      OPENAI_BASE_URL: 'http://env/v1',
    });
    expect(accountFor(anthropic, undefined, undefined, cliProvider('anthropic'))).toEqual({
      provider: 'anthropic',
      apiKey: 'a',
      baseUrl: null,
    });
    expect(accountFor(loaded({}), undefined)).toEqual({
      provider: 'openai',
      apiKey: '',
      baseUrl: null,
    });
  });

  it('is not guessed where the environment says other than the run', () => {
    const env = loaded({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'http://env/v1' });
    expect(() => accountFor(env, undefined, stored)).toThrow(
      'run r was started at http://there/v1, but OPENAI_BASE_URL is http://env/v1',
    );
    expect(() => accountFor(env, undefined, { runId: 'r', baseUrl: null })).toThrow(
      "OpenAI's own address",
    );
    expect(accountFor(env, undefined, { runId: 'r', baseUrl: 'http://env/v1' }).baseUrl).toBe(
      'http://env/v1',
    );
  });
});

describe('a stored description', () => {
  it('of a newer version, or of no known form, is refused and not guessed at', () => {
    expect(decodeDescription('r', null)).toBeNull();
    expect(() => decodeDescription('r', { version: 2 })).toThrow('it is of version 2');
    expect(() => decodeDescription('r', { version: 1 })).toThrow('cannot be read (');
  });
});

describe('a file of faults', () => {
  it('is a list of faults of known types', () => {
    expect(parseFaults('f.json', '[{"type":"drop_create","times":1}]')).toHaveLength(1);
    expect(() => parseFaults('f.json', '{}')).toThrow('a JSON list of faults');
    expect(() => parseFaults('f.json', '[')).toThrow('is not JSON');
    expect(() => parseFaults('f.json', '[{"type":"drop_creates"}]')).toThrow(
      'fault 1 has no known type ("drop_creates")',
    );
    expect(() => parseFaults('f.json', '[{"type":"toString"}]')).toThrow('no known type');
    expect(() =>
      parseFaults('f.json', '[{"type":"rows_fail","ratio":1,"statusCode":400,"form":"body"}]'),
    ).toThrow('fault 1 (rows_fail) has no known form ("body")');
    expect(
      parseFaults('f.json', '[{"type":"rows_fail","ratio":1,"statusCode":400,"form":"azure"}]'),
    ).toHaveLength(1);
  });
});

describe('the live line', () => {
  const totals = {
    pending: 0,
    queued_local: 0,
    submitted: 1_000,
    completed: 234,
    failed_retryable: 0,
    failed_permanent: 6,
    shared: 0,
  };
  const config = makeConfig();
  const running = { ...emptySnapshot, config, totals };

  it('says how many rows are answered, failed, and out at the provider', () => {
    const line = liveLine(
      summaryOf({ ...running, control: { state: 'paused', reason: 'manual', message: null } }),
    );
    expect(line).toBe('240 of 1,240+ rows answered · 6 failed · reading input · paused');
  });

  it('says what it has cost, and how much it may', () => {
    const prices = {
      inputUsdPerMillion: 1,
      cachedInputUsdPerMillion: 1,
      outputUsdPerMillion: 4,
      asOf: '2026-11-01',
      source: 'spec',
    };
    const money = { prices, outputTokensMax: 100, costUsdMax: 20 };
    const usage = {
      inputTokens: 4_000_000,
      cachedInputTokens: 0,
      outputTokens: 100_000,
      reasoningTokens: 0,
    };
    const priced = {
      ...running,
      usage,
      config: { ...config, operation: { ...config.operation, money } },
    };
    expect(liveLine(summaryOf(priced))).toContain(' · $4.40 of $20.00 · ');
    const estimated = { ...priced, backlog: { ...running.backlog, counting: 'mixed' as const } };
    expect(liveLine(summaryOf(estimated))).toContain(' · $4.40 of $20.00 by estimate · ');
    const small = { ...priced, usage: { ...usage, inputTokens: 1_234, outputTokens: 0 } };
    expect(liveLine(summaryOf(small))).toContain(' · $0.00123 of $20.00 · ');
    // Nobody knows what it costs: that is not nothing, and not said.
    expect(liveLine(summaryOf({ ...running, usage }))).not.toContain('$');
  });

  it('says that rows wait for capacity, and why', () => {
    const needs = { tokens: 5, requests: 1, usd: 0, retryAtMs: null, sinceMs: 0, looks: 0 };
    const waiting = { ...running, backlog: { ...running.backlog, needs } };
    expect(liveLine(summaryOf(waiting))).toContain(' · waiting for capacity in the budget');
    const others = { tokens: 9, requests: 2 };
    expect(liveLine(summaryOf({ ...waiting, queue: { ...running.queue, others } }))).toContain(
      ' · waiting for queue capacity used by other runs',
    );
    const refusals = { count: 3, sinceMs: 0, message: 'Enqueued token limit reached', untilMs: 0 };
    expect(liveLine(summaryOf({ ...running, queue: { ...running.queue, refusals } }))).toContain(
      " · waiting for the provider's queue (refused 3×: Enqueued token limit reached)",
    );
  });
});
