import { describe, expect, it } from 'vitest';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import {
  answersFaults,
  type AnswersFault,
  createWorld,
  memoryStore,
  type World,
} from '../../lib/sim/index.ts';
import type { Run } from '../../lib/run/api/run.ts';
import type { JsonObject } from '../../lib/core/internal.ts';
import { itemsOf, jobOf } from '../support/sim/jobs.ts';

const rows = 40;
type Played = Run<string, JsonObject>;

/** A world whose second batch, that of run `two`, is hit: the first is another run's. */
const play = async (
  fault: Omit<AnswersFault, 'times'> & { readonly times: number },
): Promise<{ readonly world: World; readonly run: Played }> => {
  const world = await createWorld({
    seed: 9,
    storage: memoryStore(),
    faults: [{ ...fault, batch: 2 }],
  });
  const start = (runId: string) =>
    world.runner.start(jobOf(world.connection, itemsOf(rows)), { runId });
  const one = await world.until(start('one'));
  await world.settle(one);
  const run = await world.until(start('two'));
  await world.settle(run);
  return { world, run };
};

const rawFilesOf = async (world: World, runId: string): Promise<readonly string[]> => {
  const store = await world.storage.open()();
  if (store._tag === 'Left') throw new Error('the storage cannot be opened');
  const reader = await store.right.read(runId as never)();
  if (reader._tag === 'Left') throw new Error('the run cannot be read');
  const listed = await reader.right.artifacts.list('raw/')();
  return listed._tag === 'Left' ? [] : listed.right.map(({ name }) => name);
};

describe.each(answersFaults)('answers that come as %s', (type) => {
  it('twice, and then as they are, complete the run: each row is asked once, and one copy is kept', async () => {
    const { world, run } = await play({ type, times: 2 });
    await using _ = world;
    expect(run.summary()).toMatchObject({
      status: 'completed',
      defects: { malformed: 0, unknown: 0, duplicate: 0, missing: 0 },
    });
    expect(world.ledger).toMatchObject({ batchesCreated: 2, requestsBilled: 2 * rows });
    expect(await rawFilesOf(world, 'two')).toHaveLength(1);
    expect((await run.verify()).broken).toBeNull();
  });

  it('for ever pause the run with the evidence, and no row is bought again; read again once they are whole, they complete it', async () => {
    // As often as two times all readings, and a few more.
    const { world, run } = await play({ type, times: 20 });
    await using _ = world;
    const pause = run.summary();
    const [batch] = pause.liveBatches;
    if (type === 'answers_cut_line') {
      // One line of forty: what is usable is settled, and the row goes again.
      expect(pause).toMatchObject({ status: 'completed', defects: { malformed: 1, missing: 1 } });
      return;
    }
    expect(pause).toMatchObject({
      controlState: 'paused',
      controlReason: type === 'file_gone' ? 'results_unavailable' : 'results_unreadable',
      itemCounts: { submitted: rows },
    });
    expect(await rawFilesOf(world, 'two')).toHaveLength(type === 'file_gone' ? 0 : 1);
    for (let again = 0; again < 6 && run.summary().controlState === 'paused'; again += 1) {
      await world.until(run.resolve(batch?.batchKey ?? '', 'read_again'));
      await world.settle(run);
      expect(world.ledger.requestsBilled).toBe(2 * rows);
    }
    expect(run.summary()).toMatchObject({ status: 'completed', itemCounts: { completed: rows } });
    expect(await rawFilesOf(world, 'two')).toHaveLength(1);
    expect((await run.verify()).broken).toBeNull();
  });
});

describe('answers that stay unreadable', () => {
  it('are given up by the operator alone, and then their rows are asked again', async () => {
    const { world, run } = await play({ type: 'answers_html', times: 1_000 });
    await using _ = world;
    const [batch] = run.summary().liveBatches;
    expect(batch?.held).toMatch(
      /^the files of batch \S+ answer 0 of its rows, and 40 answers were promised: output file \S+ has 3 lines, of which 3 are no answers; it begins "<!DOCTYPE html>/u,
    );
    await expect(run.wait({ onPaused: 'reject' })).rejects.toSatisfy(
      (error) => isBatchorError(error, 'run_paused') && error.hint.includes('read_again'),
    );
    await world.until(run.resolve(batch?.batchKey ?? '', 'results_lost'));
    await world.settle(run);
    expect(run.summary()).toMatchObject({ status: 'completed', itemCounts: { completed: rows } });
    expect(world.ledger).toMatchObject({ batchesCreated: 3, requestsBilled: 3 * rows });
  });

  it('are refused as answers of another run, whose rows have the same numbers', async () => {
    const { world, run } = await play({ type: 'answers_of_another', times: 1_000 });
    await using _ = world;
    expect(run.summary().liveBatches[0]?.held).toContain(
      'has 40 lines, of which 40 answer requests that this batch did not send',
    );
    expect(run.summary().itemCounts.completed).toBe(0);
  });
});

describe('a file that is gone for good', () => {
  it('throws nothing away of the other: what the output file answers is settled, and only the failures go again', async () => {
    await using world = await createWorld({
      seed: 9,
      faults: [
        { type: 'rows_fail', ratio: 0.3, statusCode: 400, batch: 1 },
        { type: 'file_gone', file: 'error', batch: 1, times: 1_000 },
      ],
    });
    const run = await world.until(
      world.runner.start(jobOf(world.connection, itemsOf(rows)), { runId: 'one' }),
    );
    await world.settle(run);
    const { itemCounts, status, defects } = run.summary();
    expect([status, itemCounts.completed, world.ledger.batchesCreated]).toEqual([
      'completed',
      rows,
      2,
    ]);
    expect(defects.missing).toBeGreaterThan(5);
    expect(world.ledger.doublePaidItemIds).toEqual([]);
    expect(world.ledger.requestsBilled).toBe(rows);
  });
});
