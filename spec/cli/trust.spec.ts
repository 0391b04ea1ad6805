import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accountFor } from '../../cli/shell/account.ts';
import { openaiProvider } from '../../cli/job/providers.ts';
import { isKnownAddress } from '../../cli/shell/confirmed-addresses.ts';
import type { LoadedEnv } from '../../cli/shell/env-file.ts';
import { storeConcerns } from '../../cli/shell/store-trust.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'batchor-trust-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const planted = 'https://planted.example/v1';
const stored = { runId: 'r', baseUrl: planted };
const loaded = (
  env: Readonly<Record<string, string>> = {},
  fromFile: readonly string[] = [],
): LoadedEnv => ({
  env: { HOME: folder, OPENAI_API_KEY: 'sk-secret', ...env },
  fromFile: new Set(fromFile),
});
const file = (): string => join(folder, '.config/batchor/addresses.json');
const refusal = 'an address that you have not used with batchor before';

describe('the key', () => {
  it('goes to no address that only the store names, and says how to confirm it', () => {
    expect(() => accountFor(loaded(), undefined, stored)).toThrow(refusal);
    try {
      accountFor(loaded(), undefined, stored);
    } catch (error) {
      expect(error).toMatchObject({
        hint: `If the address is right, confirm it once: --base-url ${planted} (or OPENAI_BASE_URL=${planted}).`,
      });
      expect(String(error)).not.toContain('sk-secret');
    }
    expect(existsSync(file())).toBe(false);
  });

  it.each([
    ['the flag', () => accountFor(loaded(), planted, stored)],
    ['the environment', () => accountFor(loaded({ OPENAI_BASE_URL: planted }), undefined, stored)],
    ['a start', () => accountFor(loaded({ OPENAI_BASE_URL: `${planted}/` }), undefined)],
  ])('goes there once %s has named it, and later without', (_title, name) => {
    expect(name()).toEqual({
      provider: 'openai',
      apiKey: 'sk-secret',
      baseUrl: planted,
    });
    expect(accountFor(loaded(), undefined, stored).baseUrl).toBe(planted);
    expect(() =>
      accountFor(loaded(), undefined, { runId: 'r', baseUrl: 'https://other.example/v1' }),
    ).toThrow(refusal);
    expect([statSync(file()).mode & 0o777, statSync(join(file(), '..')).mode & 0o777]).toEqual([
      0o600, 0o700,
    ]);
    expect(readFileSync(file(), 'utf8')).not.toContain('sk-secret');
  });

  it('goes to OpenAI and to this machine unasked', () => {
    for (const baseUrl of [
      null,
      'https://api.openai.com/v1',
      'http://127.0.0.1:8080/v1',
      'http://localhost/v1',
      'http://[::1]:1/v1',
    ])
      expect(accountFor(loaded(), undefined, { runId: 'r', baseUrl }).baseUrl).toBe(baseUrl);
    expect(existsSync(file())).toBe(false);
    for (const odd of [
      'http://api.openai.com/v1',
      'https://api.openai.com.evil.example/v1',
      'https://evilapi.openai.com/v1',
      'http://127.0.0.1.evil.example',
    ])
      expect([odd, isKnownAddress(odd, openaiProvider)]).toEqual([odd, false]);
  });

  it('is not led away by the .env of a folder: neither by its address nor by the place where confirmed ones are kept', () => {
    const elsewhere = join(folder, 'planted');
    mkdirSync(join(elsewhere, 'batchor'), { recursive: true });
    writeFileSync(
      join(elsewhere, 'batchor/addresses.json'),
      JSON.stringify({ version: 1, addresses: [planted] }),
      { mode: 0o600 },
    );
    expect(() =>
      accountFor(loaded({ XDG_CONFIG_HOME: elsewhere }, ['XDG_CONFIG_HOME']), undefined, stored),
    ).toThrow(refusal);
    expect(accountFor(loaded({ XDG_CONFIG_HOME: elsewhere }), undefined, stored).baseUrl).toBe(
      planted,
    );
    const both = loaded({ OPENAI_BASE_URL: planted }, ['OPENAI_BASE_URL', 'OPENAI_API_KEY']);
    expect(accountFor(both, undefined).baseUrl).toBe(planted);
    expect(() => accountFor(loaded(), undefined, stored)).toThrow(refusal);
  });

  it('is not led by a list that others can write, or that is a link', () => {
    accountFor(loaded(), planted);
    chmodSync(file(), 0o666);
    expect(() => accountFor(loaded(), undefined, stored)).toThrow(refusal);
    chmodSync(file(), 0o600);
    expect(accountFor(loaded(), undefined, stored).baseUrl).toBe(planted);
    writeFileSync(join(folder, 'list.json'), readFileSync(file()), { mode: 0o600 });
    rmSync(file());
    symlinkSync(join(folder, 'list.json'), file());
    expect(() => accountFor(loaded(), undefined, stored)).toThrow(refusal);
  });

  it('and a password in an address are not repeated', () => {
    const secret = { OPENAI_BASE_URL: 'https://u:s3cret@host/v1' };
    expect(() => accountFor(loaded(secret, ['OPENAI_BASE_URL']), undefined)).toThrow(
      'contains a user name or password',
    );
    expect(() => accountFor(loaded(secret, ['OPENAI_BASE_URL']), undefined)).not.toThrow(/s3cret/);
  });
});

describe('a store', () => {
  const path = (): string => join(folder, 'project/.batchor');
  const concerns = (uid = statSync(folder).uid, isNamed = false): readonly string[] =>
    storeConcerns({ path: path(), cwd: join(folder, 'project'), isNamed }, uid).map(
      ({ type, message }) => `${type}: ${message}`,
    );
  const other = 4_242;
  beforeEach(() => {
    mkdirSync(join(folder, 'project'));
    mkdirSync(join(folder, 'away'));
  });
  const make = (): void => {
    mkdirSync(join(path(), 'runs'), { recursive: true, mode: 0o700 });
  };

  it('of this user alone, or that is not there yet, is no concern', () => {
    expect(concerns()).toEqual([]);
    make();
    expect(concerns()).toEqual([]);
  });

  it('that the group or any user can write to is warned of', () => {
    make();
    chmodSync(path(), 0o770);
    expect(concerns()).toEqual([
      `warn: the group can write to ${path()} and change the stored runs`,
    ]);
    chmodSync(join(path(), 'runs'), 0o777);
    expect(concerns()[1]).toMatch(/^warn: every user of this machine can write to /);
  });

  it('that a link leads out of the folder is refused, unless it was named', () => {
    mkdirSync(path());
    symlinkSync(join(folder, 'away'), join(path(), 'runs'));
    expect(concerns()).toEqual([
      `refuse: ${join(path(), 'runs')} is a link that leads out of this folder, to ${join(folder, 'away')}`,
    ]);
    expect(concerns(undefined, true)).toEqual([
      `warn: ${join(path(), 'runs')} is a link that leads out of this folder, to ${join(folder, 'away')}`,
    ]);
    rmSync(path(), { recursive: true });
    symlinkSync(join(folder, 'away'), path());
    expect(concerns()[0]).toMatch(/^refuse: .*is a link that leads out of this folder/);
    rmSync(path());
    symlinkSync(join(folder, 'nowhere'), path());
    expect(concerns()).toEqual([`refuse: ${path()} is a link that leads nowhere`]);
  });

  it.runIf(process.getuid?.() === 0)(
    'of another user is refused, and warned of where it was named; root is trusted',
    () => {
      make();
      expect(concerns(other)).toEqual([]);
      chownSync(path(), other, other);
      const message = `${path()} belongs to another user (uid ${other}), who can read and change the stored runs`;
      expect([concerns(1), concerns(1, true), concerns(other), concerns(0)]).toEqual([
        [`refuse: ${message}`],
        [`warn: ${message}`],
        [],
        [],
      ]);
    },
  );
});
