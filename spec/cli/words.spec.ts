import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountFor } from '../../cli/account.ts';
import { withEnvFile } from '../../cli/env-file.ts';
import { parseFaults } from '../../cli/fault-file.ts';
import { decimal, params, wholeNumber } from '../../cli/flags.ts';
import { decodeDescription } from '../../cli/job-description.ts';
import { nearest } from '../../cli/nearest.ts';
import { liveLine } from '../../cli/progress.ts';
import { parseTemplate } from '../../cli/template.ts';
import { emptySnapshot } from '../../lib/core/snapshot.ts';
import { summaryOf } from '../../lib/run/summary.ts';

describe('a prompt template', () => {
  const render = (template: string, row: Parameters<ReturnType<typeof parseTemplate>['render']>[0]): unknown =>
    parseTemplate(template).render(row);

  it('puts text in as it is, and anything else as JSON', () => {
    expect(render('a {{x}} b {{ y }} {{z}}{{x}}', { x: '{{y}}', y: [1, 'u'], z: null })).toEqual({ text: 'a {{y}} b [1,"u"] null{{y}}' });
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
    expect([wholeNumber('--n', undefined), wholeNumber('--n', '7'), wholeNumber('--n', '0', 0)]).toEqual([null, 7, 0]);
    for (const text of ['0', '-1', '1.5', '1e3', ' 1', '', 'x', '9007199254740993']) expect(() => wholeNumber('--n', text)).toThrow('--n');
    expect(decimal('--s', '0.5', 0.001, 'seconds')).toBe(0.5);
    for (const text of ['0', '-1', '1e3', '.5', 'x']) expect(() => decimal('--s', text, 0.001, 'seconds')).toThrow('--s');
  });

  it('takes parameters as JSON, each key once', () => {
    expect(params(['a=1', 'b={"c":[true]}', 'd="x=y"'])).toEqual({ a: 1, b: { c: [true] }, d: 'x=y' });
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
    expect(accountFor(env, 'http://flag/v1', stored)).toEqual({ apiKey: 'k', baseUrl: 'http://flag/v1' });
    expect(accountFor(loaded({ OPENAI_API_KEY: 'k' }), undefined, stored)).toEqual({ apiKey: 'k', baseUrl: 'http://there/v1' });
    expect(accountFor(env, undefined)).toEqual({ apiKey: 'k', baseUrl: 'http://env/v1' });
    expect(accountFor(loaded({}), undefined)).toEqual({ apiKey: '', baseUrl: null });
  });

  it('is not guessed where the environment says other than the run', () => {
    const env = loaded({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'http://env/v1' });
    expect(() => accountFor(env, undefined, stored)).toThrow('run r was started at http://there/v1, but OPENAI_BASE_URL is http://env/v1');
    expect(() => accountFor(env, undefined, { runId: 'r', baseUrl: null })).toThrow("OpenAI's own address");
    expect(accountFor(env, undefined, { runId: 'r', baseUrl: 'http://env/v1' }).baseUrl).toBe('http://env/v1');
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
    expect(() => parseFaults('f.json', '[{"type":"drop_creates"}]')).toThrow('fault 1 has no known type ("drop_creates")');
    expect(() => parseFaults('f.json', '[{"type":"toString"}]')).toThrow('no known type');
  });
});

describe('the live line', () => {
  it('says how many rows are answered, failed, and out at the provider', () => {
    const totals = { pending: 0, queued_local: 0, submitted: 1_000, completed: 234, failed_retryable: 0, failed_permanent: 6 };
    const config = { ...emptySnapshot.config, jobName: 'job' };
    const line = liveLine(summaryOf({ ...emptySnapshot, config, totals, control: { state: 'paused', reason: 'manual', message: null } }));
    expect(line).toBe('240 of 1,240+ rows answered · 6 failed · reading input · paused');
  });
});
