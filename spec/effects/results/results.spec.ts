import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createWorld, type World } from '../../../lib/sim/index.ts';
import { chunks, codeOf, collect, minuteMs, quick } from '../../support/sim/handles.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';

describe('results', () => {
  const playHalf = async (world: World) => {
    const run = await world.runner.start(jobOf(world.connection, itemsOf(40), chunks));
    await world.advance(13 * minuteMs);
    return run;
  };

  it('are refused before the end unless they are followed', async () => {
    await using world = await createWorld(quick);
    const run = await playHalf(world);
    expect(await codeOf(run.results().toArray())).toBe('run_not_finished');
    const followed = collect(run.results({ follow: true }));
    await world.settle(run);
    await world.advance(1_000);
    expect(followed.end()).toBe('complete');
    expect(followed.got.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    expect(await run.results().toArray()).toEqual(followed.got);
    expect(
      (await run.results({ order: 'input' }).toArray()).map(({ itemIndex }) => itemIndex),
    ).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  it('are read by a cursor, each exactly once, while the run continues', async () => {
    await using world = await createWorld(quick);
    const run = await playHalf(world);
    const seen: number[] = [];
    let cursor = 0;
    for (let turn = 0; turn < 60; turn += 1) {
      const page = await run.readTerminalResults({ afterSequence: cursor, limit: 7 });
      expect(page.results.length).toBeLessThanOrEqual(7);
      seen.push(...page.results.map(({ sequence }) => sequence));
      cursor = page.nextAfterSequence;
      if (!page.hasMore) await world.advance(minuteMs);
    }
    expect(run.isFinished).toBe(true);
    expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(await run.readTerminalResults({ afterSequence: cursor })).toEqual({
      results: [],
      nextAfterSequence: 40,
      hasMore: false,
    });
  });

  it('are exported whole, or in parts that are appended', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'batchor-export-'));
    try {
      await using world = await createWorld(quick);
      const run = await playHalf(world);
      const parts = join(folder, 'parts.jsonl');
      const first = await run.exportTerminalResults(parts, { append: true });
      await world.settle(run);
      const rest = await run.exportTerminalResults(parts, {
        append: true,
        afterSequence: first.nextAfterSequence,
      });
      expect(first.exportedCount + rest.exportedCount).toBe(40);
      expect(rest.hasMore).toBe(false);
      const whole = join(folder, 'deep', 'whole.jsonl');
      await run.exportTerminalResults(whole);
      expect(await readFile(whole, 'utf8')).toBe(await readFile(parts, 'utf8'));
      const lines = (await readFile(whole, 'utf8')).trimEnd().split('\n');
      expect(
        lines.map((line) => (JSON.parse(line) as { readonly item_id: string }).item_id).toSorted(),
      ).toEqual(
        itemsOf(40)
          .map(({ itemId }) => itemId)
          .toSorted(),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('come in pages through results$, all of them', async () => {
    await using world = await createWorld(quick);
    const run = await playHalf(world);
    const pages: number[][] = [];
    run.results$.subscribe((page) => pages.push(page.map(({ sequence }) => sequence)));
    await world.settle(run);
    await world.advance(1_000);
    expect(pages.flat()).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });
});

describe('two handles', () => {
  it('share one engine: nothing is asked or sent twice', async () => {
    const calls = async (handles: number): Promise<string> => {
      await using world = await createWorld(quick);
      const run = await world.runner.start(jobOf(world.connection, itemsOf(30), chunks), {
        runId: 'shared',
      });
      const others = await Promise.all(
        Array.from({ length: handles - 1 }, () => world.runner.getRun('shared')),
      );
      await world.until(Promise.all([run, ...others].map((handle) => handle.wait())));
      return JSON.stringify(world.provider.ledger.calls);
    };
    expect(await calls(3)).toBe(await calls(1));
  });
});
