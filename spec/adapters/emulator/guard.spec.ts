import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Emulator, startEmulator } from '../../../adapters/emulator/index.ts';
import { line, send, upload } from './http.ts';

let emulator: Emulator;
const parent = mkdtempSync(join(tmpdir(), 'batchor-guard-'));
const dir = join(parent, 'files');
beforeEach(async () => {
  emulator = await startEmulator({ dir, speed: 0 });
});
afterEach(async () => {
  await emulator.close();
  rmSync(parent, { recursive: true, force: true });
});
const statusOf = async (headers: Record<string, string>, path = '/v1/batches'): Promise<number> =>
  (await send(emulator, 'GET', path, { headers })).statusCode;

describe('the emulator', () => {
  it('answers only to names and addresses of this machine', async () => {
    const { port } = emulator;
    for (const host of [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `LOCALHOST:${port}`,
      `[::1]:${port}`,
      '127.0.0.1',
      '127.1.2.3',
    ])
      expect([host, await statusOf({ host })]).toEqual([host, 200]);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      `127.0.0.1.evil.example:${port}`,
      'localhost.evil.example',
      '10.0.0.1',
    ])
      expect([host, await statusOf({ host })]).toEqual([host, 403]);
    const { pathname, search } = new URL(emulator.ledgerURL);
    expect(await statusOf({ host: 'evil.example' }, pathname + search)).toBe(403);
    expect(await statusOf({}, pathname + search)).toBe(200);
  });

  it('rejects pages of other origins', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://localhost.evil.example'])
      expect([origin, await statusOf({ origin })]).toEqual([origin, 403]);
    expect(await statusOf({ origin: 'http://localhost:5173' })).toBe(200);
  });

  it('keeps uploads from other users', async () => {
    await upload(emulator, line('a'));
    const kept = readdirSync(dir);
    expect(kept.length).toBeGreaterThan(0);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    for (const name of kept)
      expect([name, statSync(join(dir, name)).mode & 0o777]).toEqual([name, 0o600]);
  });
});
