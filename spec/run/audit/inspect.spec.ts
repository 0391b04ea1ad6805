import { describe, expect, it } from 'vitest';
import type { Inspection } from '../../../lib/index.ts';
import { createWorld } from '../../../lib/sim/index.ts';
import { doctoredStorage } from '../../support/sim/doctored.ts';
import { everything, roughItems, settleAll } from '../../support/sim/everything.ts';
import { minuteMs, quick } from '../../support/sim/handles.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';

const charges = ({ attempts }: Inspection): readonly [number, number] => [
  attempts.filter(({ isCharged }) => isCharged === true).length,
  attempts.filter(({ isCharged }) => isCharged === false).length,
];

describe('inspect', () => {
  it('tells of every row as many attempts as it has, charged and not, and ends with its result', async () => {
    const outcomes = new Set<string>();
    const verdicts = new Set<string>();
    let inspected = 0;
    for (const seed of [3, 5]) {
      await using world = await createWorld({ ...quick, seed, faults: everything });
      const job = jobOf(
        world.connection,
        roughItems(60),
        { maxRequests: 8 },
        { badRows: 'record', retryPolicy: { maxAttempts: 2 } },
      );
      const run = await world.runner.start(job);
      await world.advance(40 * minuteMs);
      if (seed === 5) await run.cancel();
      await settleAll(world, run);
      for (const result of await run.results().toArray()) {
        const told = await run.inspect(result.itemId);
        inspected += 1;
        expect(charges(told)).toEqual([result.attemptCount, result.unchargedAttemptCount]);
        expect([told.itemIndex, told.status, told.sequence, told.metadata]).toEqual([
          result.itemIndex,
          result.status,
          result.sequence,
          result.metadata,
        ]);
        const answers = told.attempts.flatMap(({ lines }) =>
          lines.filter(({ isAnswer }) => isAnswer),
        );
        const last = told.attempts.at(-1);
        if (result.status === 'completed') {
          expect([last?.outcome, answers.map(({ verdict }) => verdict)]).toEqual([
            'completed',
            ['succeeded'],
          ]);
        } else {
          expect(told.failureClass).toBe(result.error.errorClass);
          expect(answers.length).toBeLessThanOrEqual(1);
          if (last?.outcome === 'failed') expect(last.failureClass).toBe(result.error.errorClass);
        }
        expect(
          told.attempts
            .slice(0, -1)
            .every(({ outcome }) => outcome === 'retried' || outcome === 'released'),
        ).toBe(true);
        for (const { outcome, lines } of told.attempts) {
          outcomes.add(outcome);
          for (const { verdict } of lines) verdicts.add(verdict);
        }
      }
    }
    expect(inspected).toBe(120);
    expect(['completed', 'failed', 'retried'].filter((outcome) => !outcomes.has(outcome))).toEqual(
      [],
    );
    expect(
      ['succeeded', 'rate_limited', 'server_error', 'invalid_request', 'refusal'].filter(
        (verdict) => !verdicts.has(verdict),
      ),
    ).toEqual([]);
  });

  it('names batch, create, files and every line of the row, duplicates too', async () => {
    await using world = await createWorld({
      ...quick,
      faults: [{ type: 'rows_duplicated', ratio: 1 }],
    });
    const run = await world.runner.start(jobOf(world.connection, itemsOf(10), { maxRequests: 10 }));
    await world.settle(run);
    const { attempts } = await run.inspect('id-4');
    expect(attempts).toHaveLength(1);
    expect(attempts[0]).toMatchObject({
      batchNo: 1,
      batchState: 'settled',
      createAttempt: 1,
      inputFileId: expect.stringMatching(/^file-/) as string,
      providerBatchId: expect.stringMatching(/^batch_/) as string,
      ending: 'completed',
      outcome: 'completed',
      isCharged: true,
      faults: [],
    });
    const lines = attempts[0]?.lines ?? [];
    expect(lines.map(({ part, verdict }) => [part, verdict])).toEqual([
      ['output', 'succeeded'],
      ['output', 'succeeded'],
    ]);
    expect(lines.map(({ isAnswer }) => isAnswer)).toEqual([true, false]);
    expect(lines[1]?.offset).toBeGreaterThan(lines[0]?.offset ?? Infinity);
  });

  it('tells of a row that waits, and of a bad one', async () => {
    await using world = await createWorld(quick);
    const items = [...itemsOf(4), { itemId: '', payload: 'x' }];
    const run = await world.runner.start(
      jobOf(world.connection, items, { maxRequests: 10 }, { badRows: 'record' }),
    );
    await world.advance(5 * minuteMs);
    expect(await run.inspect('id-1')).toMatchObject({
      status: 'submitted',
      sequence: null,
      attempts: [
        { batchState: 'live', ending: null, lines: [], outcome: 'waiting', isCharged: null },
      ],
    });
    const [bad] = (await run.readTerminalResults()).results;
    expect(await run.inspect(bad?.itemId ?? '')).toMatchObject({
      status: 'failed_permanent',
      failureClass: 'invalid_row',
      requestLine: null,
      badRow: { reason: expect.any(String) as string },
      attempts: [],
    });
  });

  it('says that there is no such item', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobOf(world.connection, itemsOf(4)), { runId: 'small' });
    await world.settle(run);
    await expect(run.inspect('id-99')).rejects.toMatchObject({
      code: 'item_not_found',
      details: { runId: 'small', itemId: 'id-99' },
      message: 'run small has no item "id-99"',
    });
  });

  it('says which file cannot be read, and tells the rest', async () => {
    const storage = doctoredStorage();
    await using world = await createWorld({ ...quick, storage });
    const run = await world.runner.start(jobOf(world.connection, itemsOf(4)));
    await world.settle(run);
    const sound = await run.inspect('id-2');
    storage.doctor.objects.set(sound.attempts[0]?.lines[0]?.object ?? '', null);
    storage.doctor.objects.set(sound.itemLine.object, new Uint8Array(3));
    const told = await run.inspect('id-2');
    expect(told).toMatchObject({
      status: 'completed',
      metadata: null,
      attempts: [{ outcome: 'completed', lines: [] }],
    });
    expect([told.faults.length, told.attempts[0]?.faults.length]).toEqual([1, 1]);
    expect(told.attempts[0]?.faults[0]).toContain('output file: no object');
  });
});
