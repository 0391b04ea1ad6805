import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import { batchWorkflow, createActivities } from '../../docs/examples/16-embed-core-in-workflow.ts';
import {
  type Command,
  decide,
  defaultOperation,
  type Effect,
  isDue,
  type RunConfig,
  type RunSnapshot,
} from '../../lib/core/internal.ts';
import { createPerformer } from '../../lib/effects/performer.ts';
import type { EnginePorts } from '../../lib/effects/ports.ts';
import { right } from '../support/sim/engine-lab.ts';
import { type Losses, play, type Played, type Workflow } from './at-least-once.ts';
import { storedRows } from '../../lib/rows/read-rows.ts';

const limits = {
  requestsMax: 7,
  inputBytesMax: 100_000,
  inputTokensMax: null,
  inputsMax: null,
  createsPerHourMax: null,
};
const operation = defaultOperation(limits);
const config: RunConfig = {
  jobName: 'example',
  source: { kind: 'array', ref: 'memory', fingerprint: '' },
  provider: {
    kind: 'fake',
    connection: 'fake',
    model: 'm',
    endpoint: 'responses',
    completionWindow: '24h',
    params: {},
  },
  prompt: null,
  structuredOutput: null,
  batchMetadata: {},
  customIds: null,
  takesWholeAnswers: true,
  limits,
  operation: { ...operation, createGraceMs: 120_000 },
};
const rows = 25;
const input = { config, rows };

const example: Workflow<ReturnType<typeof createActivities>> = {
  createActivities,
  run: batchWorkflow,
};

/**
 * The example as a careless engineer writes it: what is asked is done, whether or not it was done
 * before.
 */
const careless: Workflow<ReturnType<typeof createActivities>> = {
  createActivities: (ports: EnginePorts) => {
    const perform = createPerformer(ports);
    const tell = async (command: Command): Promise<RunSnapshot> => {
      const decided = decide(ports.run.snapshot, command);
      return isLeft(decided)
        ? ports.run.snapshot
        : right(ports.run.commit(ports.run.snapshot.version, decided.right));
    };
    return {
      perform: async (effect: Effect) =>
        tell(await right(await right(perform(effect, new AbortController().signal)))),
      tell,
    };
  },
  run: batchWorkflow,
};

/** In the gate; by hand, with hundreds: BATCHOR_EXAMPLE_SEEDS. */
const seedCount = Number(process.env['BATCHOR_EXAMPLE_SEEDS'] ?? 10);
const calm: Losses = { lost: 0, doubled: 0, killed: 0 };

const faultsOf = async (
  seed: number,
  { fake, run, failure }: Played,
): Promise<readonly string[]> => {
  const stored = await right(storedRows(run, 0, rows + 1));
  const statuses = new Set(stored.map(({ status }) => status));
  return [
    ...(failure === null ? [] : [`did not come to its end: ${failure}`]),
    ...(fake.ledger.doubleBilledCount === 0
      ? []
      : [`paid twice: ${JSON.stringify(fake.ledger.doubleBilled)}`]),
    ...(stored.length === rows && statuses.size === 1 && statuses.has('completed')
      ? []
      : [`rows end as ${[...statuses].join(', ')}`]),
    ...(run.snapshot.resultSequence === rows
      ? []
      : [`${run.snapshot.resultSequence} results of ${rows} rows`]),
  ].map((fault) => `seed ${seed}: ${fault}`);
};

describe('example 16 on an engine that runs activities at least once', () => {
  it('needs four batches where nothing is lost', async () => {
    const played = await play(example, 1, calm, input);
    expect(await faultsOf(1, played)).toEqual([]);
    expect(played.fake.ledger.batchesCreated).toBe(4);
  });

  it.each([
    ['results are lost', { lost: 40, doubled: 0, killed: 0 }],
    ['activities run twice at once', { lost: 0, doubled: 40, killed: 0 }],
    ['workers are killed', { lost: 0, doubled: 0, killed: 20 }],
    ['all of that happens', { lost: 15, doubled: 15, killed: 10 }],
  ] as const)('pays for no row twice, and each ends once, where %s', async (_, losses) => {
    let [kills, replays] = [0, 0];
    const faults: string[] = [];
    for (let seed = 1; seed <= seedCount; seed += 1) {
      const played = await play(example, seed, losses, input);
      faults.push(...(await faultsOf(seed, played)));
      kills += played.kills;
      replays += played.replays;
    }
    expect(faults).toEqual([]);
    expect(replays).toBeGreaterThan(2);
    expect(kills > 5).toBe(losses.killed > 0);
  });

  it('is a test that bites: without the due check rows are paid for twice', async () => {
    let doubled = 0;
    for (let seed = 1; seed <= 10; seed += 1) {
      const { fake } = await play(careless, seed, { lost: 0, doubled: 40, killed: 0 }, input);
      doubled += fake.ledger.doubleBilledCount;
    }
    expect(doubled).toBeGreaterThan(0);
  });

  it('pauses where the key is wrong, as batchor’s own engine does', async () => {
    const played = await play(example, 3, calm, {
      ...input,
      provider: { faults: [{ type: 'http_error', statusCode: 401 }] },
    });
    expect(played.run.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'authentication_failed',
    });
  });
});

describe('an effect', () => {
  it('is due until it was answered, whatever the order of its keys', async () => {
    const due: Effect[] = [];
    const played = await play(
      {
        createActivities: (ports) => {
          const activities = createActivities(ports);
          return {
            ...activities,
            perform: (effect: Effect, atMs: number) => {
              due.push(effect);
              const reversed = Object.fromEntries(Object.entries(effect).reverse()) as Effect;
              expect(isDue(ports.run.snapshot, reversed, atMs)).toBe(true);
              return activities.perform(effect, atMs);
            },
          };
        },
        run: batchWorkflow,
      },
      5,
      calm,
      input,
    );
    expect(played.failure).toBeNull();
    expect(due.length).toBeGreaterThan(20);
    for (const effect of due) expect(isDue(played.run.snapshot, effect, Infinity)).toBe(false);
  });
});
