import type { OwnedRun } from '../../ports/run-store.ts';
import { compactFile } from '../../effects/artifacts/compact-file.ts';
import type { ArtifactPruning, PruneOptions } from './artifacts.ts';
import type { AnswerWire } from '../api/connections.ts';
import { commitFinished, requireAllowed } from '../api/finished-run.ts';
import { must } from '../api/interop.ts';
import { requireCompactLines, requireWholeFiles } from './prunable.ts';

/**
 * Removes request lines, and with `raw` the provider's files except a compact form of their lines.
 * In this order: writes the compact form and checks it against the results; commits the intent;
 * removes the objects. The next call completes an interrupted one. Rejects with `store_corrupt`
 * and removes nothing if a raw file is damaged.
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
  // Rejects before anything is written.
  requireAllowed(run, command);
  if (raw) {
    const isBegun = snapshot.artifacts.isRawPruned;
    if (!isBegun) await requireWholeFiles(run);
    for (const { name } of await must(artifacts.list('raw/'), context))
      await must(compactFile(artifacts, wire, name), context);
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
