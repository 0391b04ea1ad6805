import { describe, expect, it } from 'vitest';
import type { CliContext } from '../../cli/context.ts';
import { CliFailure } from '../../cli/failure.ts';
import { type Place, placeOf } from '../../cli/place.ts';

const context = { env: {}, cwd: '/nowhere' } as unknown as CliContext;
const placed = (store: string): Place => placeOf(context, { store, artifacts: undefined });

describe('the address of a store in a database', () => {
  it('gives up its schema however the server is named', () => {
    for (const server of ['u:pw@host:5432/db?', 'u:pw@/db?host=%2Ftmp&', '/db?host=%2Ftmp&user=u&'])
      expect(placed(`postgresql://${server}schema=Mine`).store).toEqual({
        type: 'postgres',
        dsn: `postgresql://${server.slice(0, -1)}`,
        schema: 'Mine',
        artifactFolder: null,
      });
    expect(placed('postgresql://u@host/db').store).toMatchObject({ dsn: 'postgresql://u@host/db', schema: null });
  });

  it('is shown without any password', () => {
    for (const address of ['u:s3cret@host/db', 'u:s3cret@/db?host=/tmp', 'host/db?password=s3cret', 'host/db?sslpassword=s3cret']) {
      const { storeName, storeFlag } = placed(`postgresql://${address}`);
      expect(storeName + storeFlag).not.toContain('s3cret');
    }
  });

  it('is never taken for a folder', () => {
    expect(placed('POSTGRESQL://u:s3cret@host/db').store.type).toBe('postgres');
    const mistaken = (): Place => placed('postgre://u:s3cret@host/db');
    expect(mistaken).toThrow(CliFailure);
    expect(mistaken).not.toThrow(/s3cret/);
  });
});
