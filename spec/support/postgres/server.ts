import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { waitFor } from '../wait-for.ts';
import { findBinaries } from './binaries.ts';

/** A Postgres server of one's own. */
export interface TestServer {
  readonly url: string;
  /** What it is, for people. */
  readonly describe: string;
  /** What a further server may be made of, while this one is not disposed of. */
  readonly prepared: PreparedPostgres;
  /** As after a machine's restart: `kill` asks nobody. */
  restart(how: 'fast' | 'kill'): Promise<void>;
  stop(how: 'fast' | 'kill'): Promise<void>;
  start(): Promise<void>;
  /** True after: nothing of it is left. */
  dispose(): Promise<void>;
}

/** Postgres refuses to run as root: then it runs as nobody. */
const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Where that user may go: the temporary folder, unless a folder above it is closed to others. */
const temporaryBase = (): string => {
  const isOpen = (path: string): boolean =>
    existsSync(path) &&
    (statSync(path).mode & 0o001) !== 0 &&
    (dirname(path) === path || isOpen(dirname(path)));
  const folders = [tmpdir(), '/tmp', '/var/tmp'];
  return nobody.uid === undefined ? tmpdir() : (folders.find(isOpen) ?? tmpdir());
};

/** Whatever the umask made of it: the folder and all in it are that user's. */
const chownAll = (folder: string, uid: number, gid: number): void => {
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    lchownSync(join(folder, path), uid, gid);
  lchownSync(folder, uid, gid);
};

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { readonly port: number };
  probe.close();
  await once(probe, 'close');
  return port;
};

/**
 * Programs, and a database folder that no server has used: another server copies it in a tenth of
 * the time that making one takes.
 */
export interface PreparedPostgres {
  readonly bin: string;
  readonly origin: string;
  readonly fresh: string;
}

const prepareIn = (folder: string): PreparedPostgres => {
  const { bin, origin } = findBinaries(folder);
  const fresh = join(folder, 'fresh');
  mkdirSync(fresh);
  const password = join(folder, 'password');
  writeFileSync(password, 'batchor');
  if (nobody.uid !== undefined) chownAll(folder, nobody.uid, nobody.gid);
  execFileSync(
    join(bin, 'initdb'),
    [
      '-D',
      fresh,
      '-U',
      'batchor',
      '-A',
      'scram-sha-256',
      '--pwfile',
      password,
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
    ],
    { ...nobody, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  return { bin, origin, fresh };
};

/**
 * Its data lies in a folder of the system's temporary one. Acknowledged commits outlive the
 * server's death, not the machine's.
 */
export const startTestServer = async (
  given: PreparedPostgres | null = null,
): Promise<TestServer> => {
  const folder = mkdtempSync(join(temporaryBase(), 'batchor-postgres-'));
  try {
    const prepared = given ?? prepareIn(folder);
    const data = join(folder, 'data');
    cpSync(prepared.fresh, data, { recursive: true });
    // Postgres refuses data that others may read.
    chmodSync(data, 0o700);
    if (nobody.uid !== undefined) chownAll(folder, nobody.uid, nobody.gid);
    return await serveSomewhere({ folder, data, prepared });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
};

const answers = async (url: string): Promise<boolean> => {
  const client = new Client({ connectionString: url });
  const isUp = await client.connect().then(
    () => true,
    () => false,
  );
  await client.end().catch(() => undefined);
  return isUp;
};

interface Place {
  readonly folder: string;
  readonly data: string;
  readonly prepared: PreparedPostgres;
  readonly port: number;
}

/** Another process may take the port between the look at it and the start: then another port. */
const serveSomewhere = async (place: Omit<Place, 'port'>): Promise<TestServer> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await serve({ ...place, port: await freePort() });
    } catch (error) {
      if (tries === 5 || !String(error).includes('Address already in use')) throw error;
    }
  }
};

const serve = async ({ folder, data, prepared, port }: Place): Promise<TestServer> => {
  const { bin, origin } = prepared;
  const url = `postgresql://batchor:batchor@127.0.0.1:${port}/postgres`;
  const log = join(folder, 'log');
  let server: ChildProcess | null = null;
  const settings = [
    'fsync=off',
    'full_page_writes=off',
    'max_connections=60',
    'shared_buffers=32MB',
    'unix_socket_directories=',
  ];
  const start = async (): Promise<void> => {
    const args = [
      '-D',
      data,
      '-h',
      '127.0.0.1',
      '-p',
      String(port),
      ...settings.flatMap((setting) => ['-c', setting]),
    ];
    const child = spawn(join(bin, 'postgres'), args, {
      ...nobody,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.on('data', (chunk: Buffer) => writeFileSync(log, chunk, { flag: 'a' }));
    server = child;
    const said = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
    let isUp = false;
    await waitFor(
      `Postgres (${origin}) answers`,
      async () => child.exitCode !== null || (isUp = await answers(url)),
      { state: said },
    );
    if (!isUp) throw new Error(`Postgres (${origin}) did not start: ${said()}`);
  };
  const stop = async (how: 'fast' | 'kill'): Promise<void> => {
    const child = server;
    server = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    // SIGQUIT: its processes leave without a word to anybody, and without a checkpoint.
    child.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await ended;
  };
  await start();
  return {
    url,
    describe: `Postgres (${origin})`,
    prepared,
    start,
    stop,
    restart: async (how) => {
      await stop(how);
      await start();
    },
    dispose: async () => {
      await stop('kill');
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
