import { isLeft } from 'fp-ts/lib/Either.js';
import type { Span } from '../../ports/artifacts.ts';
import type { OwnedRun, ResultRef } from '../../ports/run-store.ts';
import { dropCompact, linesMissing, openCompact } from '../../effects/results/compact-reader.ts';
import { BatchorError } from '../api/errors.ts';
import { must } from '../api/interop.ts';

// A batch of scattered rows is some hundred kilobytes of indexes.
const pageBatches = 20;
const pageRows = 10_000;

/**
 * True after: each raw file of the run has the bytes that it was stored with, or what was made of it says so. Rejects with `store_corrupt`, nothing
 * changed: of a file that is cut off or lost, the rest may be what a repair begins with.
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
        if (size !== null) throw notWhole(runId, object, `raw file ${object} has ${size} bytes, and was stored with ${bytes}`);
        const compact = await openCompact(artifacts, object)();
        if (!isLeft(compact) && compact.right.rawBytes === bytes) continue;
        throw notWhole(runId, object, `raw file ${object} is missing, and what it said lies nowhere else`);
      }
    }
    next += records.length;
  }
};

/**
 * True after: what was made of the raw files says what each result points to. Rejects with `store_corrupt` where a line was unreadable, and takes
 * back what was made of its file: once the file is whole again, it can be made anew. O(results), without reading a line of them.
 */
export const requireCompactLines = async (run: OwnedRun): Promise<void> => {
  const { runId, artifacts, snapshot } = run;
  for (let cursor = 0; cursor < snapshot.resultSequence;) {
    const refs = await must(run.resultsAfter(cursor, pageRows), { runId });
    const last = refs[refs.length - 1];
    if (last === undefined) return;
    for (const [object, spans] of spansByObject(refs)) {
      const [missing] = await must(linesMissing(artifacts, object, spans), { runId });
      if (missing === undefined) continue;
      if ((await must(artifacts.size(object), { runId })) !== null) await must(dropCompact(artifacts, object), { runId });
      throw notWhole(runId, object, `raw file ${object} is damaged: the answer at byte ${missing.offset} cannot be read`);
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
    `Nothing was removed. An export may have the file as it was. See what else is not as it should be: \`batchor verify --run-id ${runId}\`.`,
  );
