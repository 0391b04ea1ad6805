import type { OwnedRun } from '../../ports/run-store.ts';
import { compactFile } from '../../effects/results/compact-file.ts';
import type { ArtifactPruning, PruneOptions } from './artifacts.ts';
import type { AnswerWire } from '../api/connections.ts';
import { commitFinished, requireAllowed } from '../api/finished-run.ts';
import { must } from '../api/interop.ts';
import { requireCompactLines, requireWholeFiles } from './prunable.ts';

/**
 * True after: request lines are gone, and with `raw` what the provider gave, but for what its lines say. In this order: what is to outlive the
 * raw files is written, all of it, and held against what results point to; the intent is committed; then objects are removed. Wherever it is
 * broken off, the next call finishes it. Rejects with `store_corrupt`, nothing removed, where a raw file is not what was stored.
 */
export const pruneArtifacts = async (
  run: OwnedRun,
  wire: AnswerWire,
  { raw = false }: PruneOptions,
  nowMs: () => number,
): Promise<ArtifactPruning> => {
  const { runId, artifacts, snapshot } = run;
  const context = { runId };
  const command = { type: 'PruneArtifacts', atMs: nowMs(), raw } as const;
  // Refused before anything is written.
  requireAllowed(run, command);
  if (raw) {
    const isBegun = snapshot.artifacts.isRawPruned;
    if (!isBegun) await requireWholeFiles(run);
    for (const { name } of await must(artifacts.list('raw/'), context)) await must(compactFile(artifacts, wire, name), context);
    if (!isBegun) await requireCompactLines(run);
  }
  await commitFinished(run, command);
  let removedCount = 0;
  let removedBytes = 0;
  for (const prefix of raw ? ['requests/', 'raw/'] : ['requests/']) {
    for (const { name, bytes } of await must(artifacts.list(prefix), context)) {
      await must(artifacts.remove(name), context);
      removedCount += 1;
      removedBytes += bytes;
    }
  }
  const left = await must(artifacts.list(''), context);
  return { removedCount, removedBytes, keptBytes: left.reduce((sum, { bytes }) => sum + bytes, 0) };
};
