import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createCliWorld, linesOf } from './in-process.ts';

/**
 * A store as the release without nonces left it: eight rows accepted, four of them answered and
 * judged as its canary, the run paused.
 */
const before = fileURLToPath(new URL('../support/stored/before-nonces', import.meta.url));
/**
 * A store as the release left it that took any answer for one: six rows of chat, whole, cut by
 * `model_length`, empty, a tool call, two choices, two choices of which the first is cut; and the
 * results that it printed.
 */
const beforeWhole = fileURLToPath(
  new URL('../support/stored/before-whole-answers', import.meta.url),
);

describe('a run that was begun before custom_ids had a nonce', () => {
  it('opens, keeps row-N on every line that it sends, ends, and is sound', async () => {
    // Another seed than the emulator that the stored run knew: its batches have other ids.
    await using world = await createCliWorld({ seed: 2 });
    cpSync(before, join(world.folder, 'store'), { recursive: true });
    const typed = (command: string, ...rest: readonly string[]) =>
      world.run([command, '--run-id', 'before', '--store', 'store', ...rest], { env: {} });

    const listed = await typed('results', '--partial');
    expect(listed.lines.map((line) => [line['item_id'], line['status']])).toEqual([
      ['f0', 'completed'],
      ['f1', 'failed_permanent'],
      ['f2', 'failed_permanent'],
      ['f3', 'failed_permanent'],
    ]);
    const resumed = await typed(
      'resume',
      '--canary',
      '0',
      '--base-url',
      world.emulator.baseURL,
      '--wait',
    );
    expect([resumed.code, resumed.json['status']]).toEqual([2, 'completed_with_failures']);
    expect((await typed('results')).lines.map((line) => line['item_id'])).toEqual([
      'f0',
      'f1',
      'f2',
      'f3',
      'f4',
      'f5',
      'f6',
      'f7',
    ]);
    expect((await typed('results')).lines.slice(0, 4)).toEqual(listed.lines);
    expect([
      (await typed('verify')).code,
      (await typed('inspect', '--item', 'f7')).json['custom_id'],
    ]).toEqual([0, 'row-7']);
    expect(
      world
        .storedText('store/runs/before/objects/raw')
        // Answers of then and of today: the service puts blanks between its words by now.
        .match(/(?<="custom_id": ?)"[^"]+"/gu)
        ?.toSorted(),
    ).toEqual(Array.from({ length: 8 }, (_, index) => `"row-${index}"`));
  });
});

describe('a run that was begun before answers had to be whole', () => {
  it('reads as it did, with what is new beside it, and is sound', async () => {
    await using world = await createCliWorld();
    cpSync(beforeWhole, join(world.folder, 'store'), { recursive: true });
    const typed = (command: string, ...rest: readonly string[]) =>
      world.run([command, '--run-id', 'before', '--store', 'store', ...rest], { env: {} });
    const printed = linesOf(readFileSync(join(beforeWhole, 'results.jsonl'), 'utf8'));
    const { lines } = await typed('results');
    expect(lines.map((line) => line['status'])).toEqual([
      ...Array.from({ length: 5 }, () => 'completed'),
      'failed_permanent',
    ]);
    for (const [row, line] of lines.slice(0, 5).entries()) {
      const { finish_reason: reason, tool_calls: calls, ...rest } = line;
      expect(reason).toBe(['stop', 'model_length', 'stop', 'tool_calls', 'stop'][row]);
      // A call was nothing at all.
      if (row === 3)
        expect([calls, line['output']]).toEqual([
          [expect.objectContaining({ id: 'call_1' })],
          expect.objectContaining({ content: null }),
        ]);
      else {
        expect(rest).toMatchObject(printed[row] ?? {});
        expect(rest).toMatchObject({
          item_index: row,
          batch_id: expect.stringMatching(/^batch_/u) as string,
          cost_usd: expect.any(Number) as number,
        });
      }
    }
    expect(lines[5]?.['error']).toMatchObject({ error_class: 'truncated' });
    expect((await typed('verify')).json['is_sound']).toBe(true);
  });
});
