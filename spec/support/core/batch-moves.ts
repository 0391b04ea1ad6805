import { type BatchPhase, evolve } from '../../../lib/core/internal.ts';
import type { Step } from './commit.ts';

/** A batch that an event of the step moved, as an arrow. */
export interface BatchMove {
  readonly batchKey: string;
  readonly from: BatchPhase | null;
  readonly to: BatchPhase;
}

/** Event by event: one step may move a batch along several arrows. */
export const batchMoves = (step: Step): readonly BatchMove[] => {
  const moves: BatchMove[] = [];
  let before = step.before.snapshot;
  for (const event of step.events) {
    const after = evolve(before, event);
    const phases = new Map(before.live.map((batch) => [batch.batchKey, batch.phase]));
    for (const { batchKey, phase } of after.live) {
      const from = phases.get(batchKey) ?? null;
      if (from !== phase) moves.push({ batchKey, from, to: phase });
      phases.delete(batchKey);
    }
    for (const [batchKey, from] of phases)
      moves.push({ batchKey, from, to: event.type === 'BatchDropped' ? 'dropped' : 'settled' });
    before = after;
  }
  return moves;
};
