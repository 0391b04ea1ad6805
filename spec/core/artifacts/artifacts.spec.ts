import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectsDue, evolve, isFinished, type RunSnapshot } from '../../../lib/core/internal.ts';
import { destinationCharsMax } from '../../../lib/core/artifacts/artifacts.ts';
import type { Command } from '../../../lib/core/model/command.ts';
import { decide } from '../../../lib/core/machine/transition.ts';
import { compactNameOf, isOwnObject, rawObjectName } from '../../../lib/core/settle/raw-object.ts';
import { RunSnapshotCodec } from '../../../lib/core/codec/snapshot-codec.ts';
import { recordHistories } from '../../support/core/histories.ts';
import { snapshots } from '../codec/codec-arbitraries.ts';

const histories = recordHistories(120);
const exported: Command = {
  type: 'RecordExported',
  atMs: 9,
  destination: 'out',
  fileCount: 1,
  bytes: 2,
  resultCount: 3,
  manifestSha256: 'ab',
};
const prune = (raw: boolean): Command => ({ type: 'PruneArtifacts', atMs: 10, raw });
const applied = (snapshot: RunSnapshot, command: Command): RunSnapshot => {
  const decided = decide(snapshot, command);
  if (isLeft(decided)) throw new Error(decided.left.type);
  return decided.right.reduce(evolve, snapshot);
};
const refusal = (snapshot: RunSnapshot, command: Command): string => {
  const decided = decide(snapshot, command);
  return isLeft(decided) ? decided.left.type : 'none';
};
/** As it was when it finished: what histories do behind the end is left out. */
const ends = histories.flatMap(({ steps }) =>
  steps.filter(({ events }) => events.some(({ type }) => type === 'RunFinished')),
);
const finished = ends.map(({ after }) => after.snapshot);

describe('artifacts of a run', () => {
  it('are neither exported nor pruned before it is finished', () => {
    const open = histories
      .flatMap(({ steps }) => steps.map(({ after }) => after.snapshot))
      .filter((s) => s.version > 0 && !isFinished(s));
    expect(open.length).toBeGreaterThan(1_000);
    const answers = new Set(
      open.flatMap((s) => [
        refusal(s, exported),
        refusal(s, prune(false)),
        refusal(s, prune(true)),
      ]),
    );
    expect([...answers]).toEqual(['run_not_finished']);
  });

  it('lose what the provider gave only where a copy was made; and the same report twice changes nothing', () => {
    expect(finished.length).toBeGreaterThan(50);
    for (const snapshot of finished) {
      expect(refusal(snapshot, prune(true))).toBe('not_exported');
      const pruned = applied(snapshot, prune(false));
      expect(pruned.artifacts).toMatchObject({ areRequestsPruned: true, isRawPruned: false });
      expect(refusal(pruned, prune(false))).toBe('nothing_to_change');
      expect(refusal(pruned, prune(true))).toBe('not_exported');
      const whole = applied(applied(pruned, exported), prune(true));
      expect(whole.artifacts).toMatchObject({
        areRequestsPruned: true,
        isRawPruned: true,
        exported: { atMs: 9, destination: 'out' },
      });
      for (const raw of [true, false]) expect(refusal(whole, prune(raw))).toBe('nothing_to_change');
      // Nothing else of the run moves.
      const { artifacts: _, version, updatedAtMs, ...before } = snapshot;
      const { artifacts: __, version: ___, updatedAtMs: ____, ...after } = whole;
      expect([version < whole.version, updatedAtMs <= Infinity, after]).toEqual([
        true,
        true,
        before,
      ]);
      expect(effectsDue(whole, Infinity)).toEqual([]);
    }
  });

  it('name a destination of bounded length', () => {
    const [snapshot] = finished;
    const after = applied(
      snapshot as RunSnapshot,
      { ...exported, destination: 'x'.repeat(5_000) } as Command,
    );
    expect(after.artifacts.exported?.destination).toHaveLength(destinationCharsMax);
  });

  it('that are not to be kept are made compact before the run is over: every raw file of a settled batch, once', () => {
    let compactedCount = 0;
    for (const { steps } of histories) {
      const files = new Map<string, readonly string[]>();
      const due: string[] = [];
      const compacted: string[] = [];
      for (const { before, after, events } of steps) {
        for (const event of events) {
          if (event.type === 'FilesStored')
            files.set(
              event.batchKey,
              [event.output, event.error].flatMap((file) => (file === null ? [] : [file.object])),
            );
          if (event.type === 'BatchSettled' && !before.snapshot.config.operation.persistRawOutput)
            due.push(...(files.get(event.batchKey) ?? []));
          if (event.type === 'RawFileCompacted') compacted.push(event.object);
        }
        if (isFinished(after.snapshot)) expect(after.snapshot.artifacts.unkept).toEqual([]);
      }
      if (steps.some(({ after }) => isFinished(after.snapshot))) expect(compacted).toEqual(due);
      compactedCount += compacted.length;
    }
    expect(compactedCount).toBeGreaterThan(20);
  });

  it('of a snapshot that was stored before there were any are whole', () => {
    fc.assert(
      fc.property(snapshots, ({ artifacts: _, ...before }) => {
        const decoded = RunSnapshotCodec.decode(JSON.parse(JSON.stringify(before)));
        expect(isRight(decoded) && decoded.right.artifacts).toEqual({
          exported: null,
          areRequestsPruned: false,
          isRawPruned: false,
          unkept: [],
        });
      }),
    );
  });

  it('are distinguished from what dead owners left: a compact object belongs to the raw file that an event names', () => {
    const raw = rawObjectName('bk', 'output', 1, 1);
    const named = new Set([raw]);
    expect([raw, compactNameOf(raw)].every((name) => isOwnObject(name, named))).toBe(true);
    const strange = [
      rawObjectName('bk', 'output', 2, 1),
      compactNameOf(rawObjectName('bk', 'error', 1, 1)),
      `x/${raw}`,
      'compact/',
    ];
    expect(strange.some((name) => isOwnObject(name, named))).toBe(false);
  });
});
