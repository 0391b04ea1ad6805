import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCliWorld, csvOf, linesOf, startArgs, type CliWorld } from './in-process.ts';

const store = ['--store', 'store'];

describe('batches that do not end', () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await createCliWorld({
      faults: [
        { type: 'status_shown_as', batch: 1, as: 'finalized' },
        { type: 'never_ends', batch: 2, ignoresCancel: true },
      ],
    });
    world.write('rows.csv', csvOf(4));
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });
  interface Live {
    readonly batch_key: string;
    readonly provider_status: string;
    readonly submitted_at: string | null;
    readonly overdue: { readonly reason: string } | null;
  }
  const liveOf = async (): Promise<readonly Live[]> => {
    const ran = await world.run(['status', '--run-id', 'stuck', ...store]);
    return ran.json['live_batches'] as unknown as readonly Live[];
  };

  it('are reported while they are waited for, and their status is shown as the provider writes it', async () => {
    const args = startArgs('rows.csv', 'stuck', '--wait', '--max-requests-per-batch', '2');
    const told = async (stderr: () => string): Promise<void> => {
      while (!stderr().includes('does not know this status'))
        await new Promise((resolve) => setImmediate(resolve));
    };
    const ran = await world.run(args, { interruptAfter: told });
    expect(ran.code).toBe(130);
    // Each look is later than the last, which is no news.
    expect(ran.stderr.match(/does not know this status/gu)).toHaveLength(1);
    const [first, second] = await liveOf();
    expect(ran.stderr).toContain(
      `\`batchor resolve --run-id stuck --store store --batch ${first?.batch_key} --take-files\``,
    );
    expect(first).toMatchObject({
      provider_status: 'finalized',
      overdue: { reason: 'unknown_status' },
    });
    expect(Number.isFinite(Date.parse(first?.submitted_at ?? ''))).toBe(true);
    expect(second).toMatchObject({ overdue: null });
  });

  it('are refused to a command that finds no file, and changes nothing', async () => {
    const [, second] = await liveOf();
    const ran = await world.run([
      'resolve',
      '--run-id',
      'stuck',
      '--batch',
      second?.batch_key ?? '',
      '--take-files',
      ...store,
    ]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('names no file');
    expect(await liveOf()).toHaveLength(2);
    const both = [
      'resolve',
      '--run-id',
      'stuck',
      '--batch',
      second?.batch_key ?? '',
      '--take-files',
      '--give-up',
      ...store,
    ];
    expect((await world.run(both)).stderr).toContain('exactly one of');
    const none = await world.run([
      'resolve',
      '--run-id',
      'stuck',
      '--batch',
      'bk_none',
      '--take-files',
      ...store,
    ]);
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringContaining('no live batch has the key bk_none'),
    ]);
  });

  it('end with what they have, or without, which says what may be paid twice; and the run ends', async () => {
    const [first, second] = await liveOf();
    const taken = await world.run([
      'resolve',
      '--run-id',
      'stuck',
      '--batch',
      first?.batch_key ?? '',
      '--take-files',
      ...store,
    ]);
    expect(taken.code).toBe(0);
    const given = await world.run([
      'resolve',
      '--run-id',
      'stuck',
      '--batch',
      second?.batch_key ?? '',
      '--give-up',
      ...store,
    ]);
    expect(given.code).toBe(0);
    expect(given.stderr).toContain(
      'its 2 rows are sent again; answers that the batch still produces are billed twice',
    );
    const waited = await world.run(['wait', '--run-id', 'stuck', ...store]);
    expect(waited.code).toBe(0);
    expect(
      linesOf((await world.run(['results', '--run-id', 'stuck', ...store])).stdout).map(
        (line) => line['status'],
      ),
    ).toEqual(Array(4).fill('completed'));
    expect((await world.run(['verify', '--run-id', 'stuck', ...store])).code).toBe(0);
  });
});

describe('a service that cannot list its batches', () => {
  it('is named before anything is created; accepted, it answers all the same', async () => {
    await using world = await createCliWorld({ faults: [{ type: 'list_refused' }] });
    world.write('rows.csv', csvOf(10));
    const args = startArgs('rows.csv', 'unlisted', '--wait', '--max-requests-per-batch', '2');
    const refused = await world.run(args);
    expect(refused.code).toBe(3);
    for (const said of ['does not list its batches', '--accept-no-list', 'Nothing was created'])
      expect(refused.stderr).toContain(said);
    expect(world.emulator.ledger.uploads).toBe(0);
    expect((await world.run([...args, '--accept-no-list'])).code).toBe(0);
  });
});

describe('files that expire by themselves', () => {
  it('are asked for by flags, within what the provider takes', async () => {
    await using world = await createCliWorld();
    world.write('rows.csv', csvOf(2));
    const low = await world.run(startArgs('rows.csv', 'low', '--files-expire-after', '60'));
    expect([low.code, low.stderr]).toEqual([
      1,
      expect.stringContaining('--files-expire-after must be from 3600'),
    ]);
    const ran = await world.run(
      startArgs(
        'rows.csv',
        'kept',
        '--wait',
        '--files-expire-after',
        '7200',
        '--output-files-expire-after',
        '86400',
      ),
    );
    expect(ran.code).toBe(0);
    const list = (await (
      await fetch(`${world.emulator.baseURL}/files`, { headers: { authorization: 'Bearer x' } })
    ).json()) as {
      readonly data: readonly {
        readonly purpose: string;
        readonly created_at: number;
        readonly expires_at: number;
      }[];
    };
    const lives = Object.fromEntries(
      list.data.map((file) => [file.purpose, file.expires_at - file.created_at]),
    );
    expect(lives).toEqual({ batch: 7_200, batch_output: 86_400 });
  });
});
