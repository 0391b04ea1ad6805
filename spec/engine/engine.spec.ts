import { describe, expect, it } from 'vitest';
import { firstValueFrom, timer } from 'rxjs';
import { isFinished, itemStatuses } from '../../lib/core/internal.ts';
import type { BatchProvider, OwnedRun, Port, ProviderWire } from '../../lib/ports/index.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';
import { heldBytes } from '../support/held-bytes.ts';
import { createEngineLab, forgetfulRun, type LabPorts } from '../support/sim/engine-lab.ts';
import { itemsOf, type Job, jobOf } from '../support/sim/jobs.ts';

const minuteMs = 60_000;
const quick = { turnaroundMs: { min: minuteMs, max: 5 * minuteMs } };
const job = (count: number, maxRequests: number) => () =>
  jobOf(null, itemsOf(count), { maxRequests });

/** The provider, with every call reported before it leaves and after it came back. */
const observed = (
  provider: LabPorts['provider'],
  around: <A>(name: string, key: string, work: Port<A>) => Port<A>,
): BatchProvider & ProviderWire => ({
  ...provider,
  upload: (input) => around('upload', input.batchKey, provider.upload(input)),
  create: (input) => around('create', input.batchKey, provider.create(input)),
  sweep: (input) => around('sweep', 'sweep', provider.sweep(input)),
  observe: (batches) => around('observe', 'poll', provider.observe(batches)),
  download: (fileId) => around('download', fileId, provider.download(fileId)),
});

describe('the engine', () => {
  it('commits one thing after the other, however slow a commit is', async () => {
    let atOnce = 0;
    let atOnceMax = 0;
    let commitCount = 0;
    const lab = await createEngineLab(job(40, 5), quick, ({ run }, { scheduler }) => {
      const commit: OwnedRun['commit'] = (version, events) => async () => {
        commitCount += 1;
        atOnceMax = Math.max(atOnceMax, (atOnce += 1));
        await firstValueFrom(timer(50, scheduler));
        return run
          .commit(version, events)()
          .finally(() => (atOnce -= 1));
      };
      return { run: withCommit(run, commit) };
    });
    await lab.until(isFinished);
    expect(commitCount).toBeGreaterThan(40);
    expect(atOnceMax).toBe(1);
    lab.stop();
  });

  it('never performs two effects of one key at once, and effects of different keys together', async () => {
    const inFlight = new Set<string>();
    let togetherMax = 0;
    const twice: string[] = [];
    const lab = await createEngineLab(
      job(60, 10),
      { ...quick, faults: [{ type: 'lose_create_reply', batch: 2 }] },
      ({ provider }, { scheduler }) => ({
        provider: observed(provider, (name, key, work) => async () => {
          if (inFlight.has(key)) twice.push(`${name} ${key}`);
          inFlight.add(key);
          togetherMax = Math.max(togetherMax, inFlight.size);
          await firstValueFrom(timer(20_000, scheduler));
          return work().finally(() => inFlight.delete(key));
        }),
      }),
    );
    await lab.until(isFinished);
    expect(lab.engine.snapshot.totals.completed).toBe(60);
    expect(twice).toEqual([]);
    expect(togetherMax).toBeGreaterThan(1);
    lab.stop();
  });

  it('sends a create once: a lost answer is reconciled from the list, never asked for again', async () => {
    const creates: string[] = [];
    const lab = await createEngineLab(
      job(20, 10),
      { ...quick, faults: [{ type: 'lose_create_reply', everyBatch: 1 }] },
      ({ provider }) => ({
        provider: observed(provider, (name, key, work) => () => {
          if (name === 'create') creates.push(key);
          return work();
        }),
      }),
    );
    await lab.until(isFinished);
    expect(creates.length).toBe(2);
    expect(new Set(creates).size).toBe(2);
    expect(lab.fake.ledger.batchesCreated).toBe(2);
    lab.stop();
  });

  it('takes a create that throws for an unconfirmed one', async () => {
    const lab = await createEngineLab(job(5, 10), quick, ({ provider }) => ({
      provider: observed(provider, (name, _key, work) =>
        name === 'create' ? () => Promise.reject(new Error('a socket died')) : work,
      ),
    }));
    await lab.until(({ live }) =>
      live.some(({ createAttempt, phase }) => createAttempt === 2 && phase === 'indeterminate'),
    );
    expect(lab.engine.snapshot.live.map((batch) => batch.phase)).toEqual(['indeterminate']);
    lab.stop();
  });

  it('sends what it has begun to create before it is drained: nothing is left that might have been sent', async () => {
    const drained: Promise<void>[] = [];
    const lab = await createEngineLab(
      () => jobOf(null, itemsOf(20), { maxRequests: 5 }),
      {},
      ({ run }) => ({
        run: new Proxy(run, {
          get: (target, key) =>
            key === 'commit'
              ? (version: number, events: Parameters<typeof run.commit>[1]) => {
                  if (drained.length === 0 && events.some((event) => event.type === 'CreateBegun'))
                    drained.push(lab.engine.drain());
                  return target.commit(version, events);
                }
              : (Reflect.get(target, key, target) as unknown),
        }),
      }),
    );
    await lab.until(({ live }) => live.some((batch) => batch.phase === 'created'));
    await lab.quiet();
    await Promise.all(drained);
    expect(drained.length).toBe(1);
    expect(lab.engine.snapshot.live.filter((batch) => batch.phase === 'creating')).toEqual([]);
    expect(lab.engine.snapshot.live.filter((batch) => batch.phase === 'created').length).toBe(
      lab.fake.ledger.batchesCreated,
    );
    lab.stop();
  });

  it('drains only once a create that is out has been answered and committed', async () => {
    const lab = await createEngineLab(job(5, 10), quick, ({ provider }, { scheduler }) => ({
      provider: observed(provider, (name, _key, work) => async () => {
        if (name === 'create') await firstValueFrom(timer(10 * minuteMs, scheduler));
        return work();
      }),
    }));
    await lab.until((snapshot) => snapshot.live.some((batch) => batch.phase === 'creating'));
    await lab.advance(minuteMs);
    let isDrained = false;
    const drained = lab.engine.drain().then(() => (isDrained = true));
    await lab.advance(minuteMs);
    expect(isDrained).toBe(false);
    await lab.advance(10 * minuteMs);
    await drained;
    expect(lab.engine.snapshot.live.map((batch) => batch.phase)).toEqual(['created']);
    expect(lab.engine.isQuiet).toBe(true);
    lab.stop();
  });

  it('continues to poll while the run is paused, while rows wait for their backoff, and while the source flows', async () => {
    const polls: { readonly atMs: number; readonly state: string }[] = [];
    async function* slowly(scheduler: Parameters<Parameters<typeof createEngineLab>[0]>[0]) {
      for (const item of itemsOf(40)) {
        await firstValueFrom(timer(30_000, scheduler));
        yield item;
      }
    }
    const lab = await createEngineLab(
      (scheduler) =>
        jobOf(
          null,
          slowly(scheduler),
          { maxRequests: 5 },
          { retryPolicy: { itemBackoff: { initialMs: 20 * minuteMs } } },
        ),
      {
        turnaroundMs: { min: 30 * minuteMs, max: 30 * minuteMs },
        faults: [{ type: 'rows_fail', batch: 1, ratio: 1, statusCode: 500 }],
      },
      ({ provider, run }) => ({
        provider: observed(provider, (name, _key, work) => () => {
          const { ingest, backoff, control } = run.snapshot;
          const state =
            control.state === 'paused'
              ? 'paused'
              : backoff.length > 0
                ? 'backoff'
                : ingest.isComplete
                  ? 'ingested'
                  : 'ingesting';
          if (name === 'observe') polls.push({ atMs: lab.time.now(), state });
          return work();
        }),
      }),
    );
    const count = (state: string): number => polls.filter((poll) => poll.state === state).length;
    await lab.advance(15 * minuteMs);
    expect(count('ingesting')).toBeGreaterThan(5);
    await lab.engine.tell({
      type: 'PauseRun',
      atMs: lab.time.now(),
      reason: 'manual',
      message: null,
    });
    await lab.advance(10 * minuteMs);
    expect(count('paused')).toBeGreaterThan(3);
    await lab.engine.tell({ type: 'ResumeRun', atMs: lab.time.now() });
    await lab.until(isFinished);
    expect(count('backoff')).toBeGreaterThan(3);
    expect(lab.engine.snapshot.totals.completed).toBe(40);
    lab.stop();
  });

  it('pulls a source slice by slice: 200,000 rows are never more than two slices ahead, in bounded memory', async () => {
    const rows = 200_000;
    const seen = { aheadMax: 0, heldBytes: [] as number[] };
    // What rows take that are kept, in this process, now.
    const emptyBytes = heldBytes();
    const kept = Array.from({ length: 20_000 }, (_, at) => rowOf(at + 1));
    const bytesPerRow = (heldBytes() - emptyBytes) / kept.splice(0).length;
    let accepted = (): number => 0;
    const many = countedSource(rows, (produced) => {
      seen.aheadMax = Math.max(seen.aheadMax, produced - accepted());
      if (produced % 50_000 === 0) seen.heldBytes.push(heldBytes());
    });
    const lab = await createEngineLab(
      () => sourceJob(many.source),
      roomy,
      ({ run }) => ({ run: forgetfulRun(run) }),
    );
    accepted = () => lab.engine.snapshot.ingest.itemCount;
    await lab.until(({ ingest }) => ingest.itemCount >= rows);
    expect(many.produced()).toBe(rows);
    expect(seen.aheadMax).toBeGreaterThan(1_000);
    expect(seen.aheadMax).toBeLessThanOrEqual(10_000);
    expect(bytesPerRow).toBeGreaterThan(20);
    // From one sample to the last, so that what is loaded once does not count.
    const [first = 0] = seen.heldBytes;
    const last = seen.heldBytes.at(-1) ?? 0;
    expect((last - first) / (rows - 50_000)).toBeLessThan(bytesPerRow);
    lab.stop();
  });

  it('does not pull on behind a pause', async () => {
    const many = countedSource(1_000_000, () => undefined);
    const lab = await createEngineLab(
      () => sourceJob(many.source),
      roomy,
      ({ run }, { scheduler }) => {
        const forgetful = forgetfulRun(run);
        const commit: OwnedRun['commit'] = (version, events) => async () => {
          await firstValueFrom(timer(50, scheduler));
          return forgetful.commit(version, events)();
        };
        return { run: withCommit(forgetful, commit) };
      },
    );
    await lab.until(({ ingest }) => ingest.itemCount >= 10_000);
    const paused = lab.engine.tell({
      type: 'PauseRun',
      atMs: lab.time.now(),
      reason: 'manual',
      message: null,
    });
    await lab.advance(minuteMs);
    expect(await paused).toMatchObject({ _tag: 'Right' });
    const { itemCount } = lab.engine.snapshot.ingest;
    expect(many.produced()).toBeLessThanOrEqual(itemCount + 10_000);
    expect(itemCount).toBeLessThan(50_000);
    const before = many.produced();
    await lab.advance(60 * minuteMs);
    expect(many.produced()).toBe(before);
    lab.stop();
  });

  it('cuts the slice of a slow source by age, so that its rows do not wait for company', async () => {
    async function* slowly(scheduler: Parameters<Parameters<typeof createEngineLab>[0]>[0]) {
      for (const item of itemsOf(20)) {
        await firstValueFrom(timer(400, scheduler));
        yield item;
      }
    }
    const lab = await createEngineLab(
      (scheduler) => jobOf(null, slowly(scheduler), { maxRequests: 100 }),
      quick,
    );
    await lab.advance(3_000);
    expect(lab.engine.snapshot.ingest.itemCount).toBeGreaterThanOrEqual(4);
    await lab.until(isFinished);
    const slices = lab.commits
      .flat()
      .flatMap((event) => (event.type === 'ItemsAccepted' ? [event.slice.itemIds.length] : []));
    expect(slices.reduce((sum, count) => sum + count, 0)).toBe(20);
    expect(Math.max(...slices)).toBeLessThanOrEqual(4);
    lab.stop();
  });

  it('returns the result of each command, and answers none after the end', async () => {
    const lab = await createEngineLab(job(3, 10), quick);
    const atMs = lab.time.now();
    expect(await lab.engine.tell({ type: 'ResumeRun', atMs })).toMatchObject({
      _tag: 'Left',
      left: { type: 'not_while' },
    });
    expect(
      await lab.engine.tell({ type: 'PauseRun', atMs, reason: 'manual', message: null }),
    ).toMatchObject({ _tag: 'Right' });
    await lab.engine.tell({ type: 'ResumeRun', atMs });
    await lab.until(isFinished);
    expect(
      await lab.engine.tell({ type: 'PauseRun', atMs, reason: 'manual', message: null }),
    ).toEqual({
      _tag: 'Left',
      left: { type: 'run_finished' },
    });
    expect(itemStatuses.filter((status) => lab.engine.snapshot.totals[status] > 0)).toEqual([
      'completed',
    ]);
    lab.stop();
  });

  it('ends with the error when a commit is refused, and rejects every waiting caller', async () => {
    const lab = await createEngineLab(job(3, 10), quick, ({ run }) => {
      const commit: OwnedRun['commit'] = (version, events) =>
        version > 3
          ? () => Promise.resolve({ _tag: 'Left', left: { type: 'lease_lost', owner: 'another' } })
          : run.commit(version, events);
      return { run: withCommit(run, commit) };
    });
    await expect(lab.until(isFinished)).rejects.toMatchObject({ error: { type: 'lease_lost' } });
    await expect(lab.engine.tell({ type: 'CancelRun', atMs: 0 })).rejects.toMatchObject({
      error: { type: 'lease_lost' },
    });
    const { uploads } = lab.fake.ledger;
    await lab.advance(60 * minuteMs);
    expect(lab.fake.ledger.uploads).toBe(uploads);
    lab.stop();
  });
});

/** One batch could hold everything, so that nothing is planned meanwhile. */
const roomy = { limits: { requestsMax: 2_000_000, inputBytesMax: 2 ** 40 } };

const withCommit = (run: OwnedRun, commit: OwnedRun['commit']): OwnedRun =>
  new Proxy(run, {
    get: (target, key) =>
      key === 'commit' ? commit : (Reflect.get(target, key, target) as unknown),
  });

type Source = NonNullable<Job['source']>;

/** A source that hands over a thousand rows at a time, as fast sources do, and counts them. */
const rowOf = (no: number): SourceEntry<string> => ({
  item: { itemId: `id-${no}`, payload: 'the same for all' },
  position: no,
});

const countedSource = (
  rows: number,
  onRow: (produced: number) => void,
): { readonly source: Source; produced(): number } => {
  let produced = 0;
  const source: Source = {
    kind: 'many',
    ref: 'many',
    fingerprint: () => Promise.resolve('many'),
    async *read() {
      while (produced < rows) {
        const page = Array.from({ length: Math.min(1_000, rows - produced) }, () => {
          produced += 1;
          onRow(produced);
          return rowOf(produced);
        });
        yield page;
      }
    },
  };
  return { source, produced: () => produced };
};

const sourceJob = (source: Source): Job => {
  const { items: _none, ...rest } = jobOf(null, [], { planAfterMs: 86_400_000 });
  return { ...rest, source } as Job;
};
