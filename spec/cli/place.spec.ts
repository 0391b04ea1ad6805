import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CliContext } from '../../cli/shell/context.ts';
import { CliFailure } from '../../cli/shell/failure.ts';
import { hintFor } from '../../cli/print/hints.ts';
import { type Place, placeOf, withStoreNamed } from '../../cli/shell/place.ts';
import { escapedControls, shownText } from '../../cli/print/render.ts';
import type { BatchKey, RunId } from '../../lib/core/values/ids.ts';
import { BatchorError } from '../../lib/run/api/errors.ts';
import { maskSecrets } from '../../lib/run/view/masked-address.ts';

const context = { env: {}, cwd: '/nowhere' } as unknown as CliContext;
const placed = (store: string): Place => placeOf(context, { store, artifacts: undefined });

describe('a command of the library', () => {
  it('names the store where it is shown, so that it works as it is pasted', () => {
    const said =
      'To end it: `batchor resolve --run-id a.b-1 --batch bk_1 --take-files`; or `batchor resume --run-id a.b-1`.';
    expect(withStoreNamed(placed('st $& x'), said)).toBe(
      "To end it: `batchor resolve --run-id a.b-1 --store 'st $& x' --batch bk_1 --take-files`; or `batchor resume --run-id a.b-1 --store 'st $& x'`.",
    );
    expect(withStoreNamed({ storeFlag: '' }, said)).toBe(said);
  });

  it('offers what is taken: of a create without an answer only its id, or that it was never made', () => {
    const unresolved = new BatchorError(
      'batch_unresolved',
      { runId: 'a' as RunId, batchKeys: ['bk_1' as BatchKey] },
      'held',
      'Look.',
    );
    const hint = hintFor(unresolved, placed('st'));
    expect(hint).toContain('For an unconfirmed create');
    expect(hint).toContain(
      'batchor resolve --run-id a --store st --batch KEY --exists ID, or batchor resolve --run-id a --store st --batch KEY --never-created. For a batch with an id',
    );
  });
});

describe('the address of a store in a database', () => {
  it('gives up its schema however the server is named', () => {
    for (const server of ['u:pw@host:5432/db?', 'u:pw@/db?host=%2Ftmp&', '/db?host=%2Ftmp&user=u&'])
      expect(placed(`postgresql://${server}schema=Mine`).store).toMatchObject({
        type: 'postgres',
        dsn: `postgresql://${server.slice(0, -1)}`,
        schema: 'Mine',
        artifactFolder: null,
      });
    expect(placed('postgresql://u@host/db').store).toMatchObject({
      dsn: 'postgresql://u@host/db',
      schema: null,
    });
  });

  it('is shown without any password', () => {
    const addresses = [
      'u:s3cret@host/db',
      'u:s3cret@/db?host=/tmp',
      'host/db?password=s3cret',
      'host/db?sslpassword=s3cret',
    ];
    for (const address of [
      ...addresses,
      'u@host/db?PASSWORD=s3cret',
      'u@host/db?Pass%77ord=s3cret',
      'u:x@y:s3cret@host/db',
      'u@host/db?s3cret',
    ]) {
      const { storeName, storeFlag } = placed(`postgresql://${address}`);
      expect(storeName + storeFlag).not.toContain('s3cret');
    }
    expect(placed('postgresql://u:s3cret@host:5432/db?sslmode=require').storeName).toBe(
      'postgresql://u@host:5432/db?sslmode=require',
    );
  });

  it.each([
    'postgre://u:s3cret@host/db',
    'postgres:u:s3cret@host/db',
    ' postgres://u:s3cret@host/db',
    '"postgres://u:s3cret@host/db"',
    'postgres:/u:s3cret@host/db',
    'postgres%3A%2F%2Fu%3As3cret%40host',
    'host=db user=u password=s3cret dbname=runs',
    "password='s3cret' host=db",
    'service=s3cret',
    'u:s3cret@host/db',
    'u:s3@cret@host',
  ])('is never taken for a folder, nor repeated, when it is misread: %s', (address) => {
    const mistaken = (): Place => placed(address);
    expect(mistaken).toThrow(CliFailure);
    expect(mistaken).not.toThrow(/s3/);
    expect(() => placeOf(context, { store: 'postgresql://u@host/db', artifacts: address })).toThrow(
      '--artifacts is not a folder',
    );
  });

  it.each(['u:12/s3cret@host/db', 'u:12?s3cret@host/db', 'u:12#s3cret@host/db'])(
    'is refused where its password is not encoded: %s',
    (address) => {
      const mistaken = (): Place => placed(`postgresql://${address}`);
      expect(mistaken).toThrow('can be read in two ways');
      expect(mistaken).not.toThrow(/s3cret/);
    },
  );

  it('in the .env of a folder gets no password of the environment', () => {
    const cwd = mkdtempSync(join(tmpdir(), 'batchor-place-'));
    const place = (
      address: string,
      env: Readonly<Record<string, string>>,
      store?: string,
    ): Place => {
      writeFileSync(join(cwd, '.env'), `BATCHOR_STORE=${address}\n`);
      return placeOf({ env, cwd } as unknown as CliContext, { store, artifacts: undefined });
    };
    const own = { PGPASSWORD: 's3cret' };
    expect(() => place('postgresql://u@planted.example/db', own)).toThrow(
      'BATCHOR_STORE (postgresql://u@planted.example/db) comes from .env',
    );
    expect(
      place('postgresql://u@planted.example/db', own, 'postgresql://u@planted.example/db').store
        .type,
    ).toBe('postgres');
    expect(place('postgresql://u:p@planted.example/db', own).store.type).toBe('postgres');
    expect(place('postgresql://u@planted.example/db', {}).store.type).toBe('postgres');
    rmSync(cwd, { recursive: true });
  });

  it('is no folder in upper case', () => {
    expect(placed('POSTGRESQL://u:s3cret@host/db').store.type).toBe('postgres');
  });

  it.each([
    'store',
    './u:s3cret@host',
    '/srv/stores/a',
    'user-runs',
    'postgres',
    '../postgres',
    'a=b',
    'my store',
    'C:\\stores',
  ])('is not seen in a folder: %s', (folder) => {
    expect(placed(folder).store.type).toBe('folder');
  });
});

describe('a message', () => {
  it.each([
    ['connect postgres://u:s3cret@host/db failed', 'connect postgres://u:…@host/db failed'],
    ['postgresql://u:s3@cret@host/db', 'postgresql://u:…@host/db'],
    ['postgres:u:s3cret@host', 'postgres:…@host'],
    ['see host=db PASSWORD=s3cret port=5', 'see host=db PASSWORD=… port=5'],
    ["sslpassword = 's3 cret' x", 'sslpassword = … x'],
    ['?a=1&PGPASSWORD=s3cret&b=2', '?a=1&PGPASSWORD=…&b=2'],
    ['postgres%3A%2F%2Fu%3As3cret%40host', 'postgres%3A…'],
    [
      'http://127.0.0.1:8080/v1 answered, me@example.org',
      'http://127.0.0.1:8080/v1 answered, me@example.org',
    ],
    ['batchor wait --store postgresql://u@host/db', 'batchor wait --store postgresql://u@host/db'],
  ])('loses passwords and nothing else: %s', (text, shown) => {
    expect(maskSecrets(text)).toBe(shown);
  });

  it('steers no terminal', () => {
    expect(shownText('a\u001b[31mb\u009b2J\r\u202ec\td\n')).toBe(
      'a\\u001b[31mb\\u009b2J\\u000d\\u202ec\td\n',
    );
    const value = { text: 'x\u007f\u009by\u2028\u202e' };
    expect(escapedControls(JSON.stringify(value))).toMatch(/^[\x20-\x7e]*$/);
    expect(JSON.parse(escapedControls(JSON.stringify(value)))).toEqual(value);
  });
});
