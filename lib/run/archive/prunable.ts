import { isLeft } from 'fp-ts/lib/Either.js';
import type { Span } from '../../ports/artifacts.ts';
import type { OwnedRun, ResultRef } from '../../ports/run-store.ts';
import { dropCompact, linesMissing, openCompact } from '../../effects/results/compact-reader.ts';
import { BatchorError } from '../api/errors.ts';
import { must } from '../api/interop.ts';
import { resultsAfter } from '../../rows/read-rows.ts';

// The row indexes of a scattered batch take a few hundred kilobytes.
const pageBatches = 20;
const pageRows = 10_000;

/**
 * Checks that each raw file, or its compact form, has the stored size. Rejects with `store_corrupt`
 * and changes nothing: a damaged file may still help a repair.
 */
export const requireWholeFiles = async (run: OwnedRun): Promise<void> => {
  const { runId, artifacts } = run;
  for (let next = 1; ;) {
    const records = await must(run.batches(next, pageBatches), { runId });
    if (records.length === 0) return;
    for (const { files } of records) {
      for (const file of [files?.output, files?.error]) {
        if (!file) continue;
        const { object, bytes } = file;
        const size = await must(artifacts.size(object), { runId });
        if (size === bytes) continue;
        if (size !== null)
          throw notWhole(
            runId,
            object,
            `raw file ${object} has ${size} bytes, but was stored with ${bytes}`,
          );
        const compact = await openCompact(artifacts, object)();
        if (!isLeft(compact) && compact.right.rawBytes === bytes) continue;
        throw notWhole(
          runId,
          object,
          `raw file ${object} is missing, and there is no copy of its answers`,
        );
      }
    }
    next += records.length;
  }
};

/**
 * Checks that the compact form of the raw files has every line that a result points to. Rejects
 * with `store_corrupt` if a line was unreadable, and drops the compact form of its file, so that a
 * repaired file is compacted again. O(results), without reading their lines.
 */
export const requireCompactLines = async (run: OwnedRun): Promise<void> => {
  const { runId, artifacts, snapshot } = run;
  for (let cursor = 0; cursor < snapshot.resultSequence;) {
    const refs = await must(resultsAfter(run, cursor, pageRows), { runId });
    const last = refs[refs.length - 1];
    if (last === undefined) return;
    for (const [object, spans] of spansByObject(refs)) {
      const [missing] = await must(linesMissing(artifacts, object, spans), { runId });
      if (missing === undefined) continue;
      if ((await must(artifacts.size(object), { runId })) !== null)
        await must(dropCompact(artifacts, object), { runId });
      throw notWhole(
        runId,
        object,
        `raw file ${object} is damaged: the answer at byte ${missing.offset} cannot be read`,
      );
    }
    cursor = last.sequence;
  }
};

const spansByObject = (refs: readonly ResultRef[]): ReadonlyMap<string, readonly Span[]> => {
  const spans = new Map<string, Span[]>();
  for (const { line } of refs) {
    if (line === null) continue;
    const known = spans.get(line.object);
    if (known === undefined) spans.set(line.object, [line]);
    else known.push(line);
  }
  return spans;
};

const notWhole = (runId: string, where: string, message: string): BatchorError =>
  new BatchorError(
    'store_corrupt',
    { where, runId },
    `run ${runId}: ${message}`,
    `Nothing was removed. An export may have an intact copy. Check the run for more damage: \`batchor verify --run-id ${runId}\`.`,
  );
