import { hashToUnit } from './retry.ts';

/** The interval doubles after every few quiet polls, up to eight times the base, and is jittered by a fifth, so that batches do not march in step. */
export const pollWaitMs = (baseMs: number, quietPolls: number, batchKey: string): number => {
  const stretched = baseMs * 2 ** Math.min(3, Math.floor(quietPolls / 8));
  return Math.max(1, Math.round(stretched * (0.9 + 0.2 * hashToUnit(`${batchKey}~${quietPolls}`))));
};
