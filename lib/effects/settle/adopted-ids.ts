import type * as TE from 'fp-ts/lib/TaskEither.js';
import { adoptedRangeOf, customIdOfAdopted } from '../../core/model/adopted.ts';
import { type CustomIds, customIdsOf, foreignCustomIds } from '../../core/values/custom-ids.ts';
import { isJsonObject } from '../../core/json/json.ts';
import type { PortError } from '../../ports/port-error.ts';
import type { RunReader } from '../../ports/run-store.ts';
import { readTexts } from '../results/results.ts';
import { linesOfRows } from '../../rows/read-rows.ts';

type Reader = Pick<RunReader, 'snapshot' | 'rows' | 'artifacts'>;

/** How the files of one batch name the run's rows. */
export interface IdsOfBatches {
  /**
   * Of a batch that was created elsewhere its rows' item lines are read: O(its rows), once while it
   * is read.
   */
  of(batchNo: number): TE.TaskEither<PortError, CustomIds>;
  forget(batchNo: number): void;
}

const pageRows = 5_000;
/** A batch's ids are some megabytes at most; files of few batches are read at once. */
const keptMax = 4;

export const createIdsOfBatches = (run: Reader): IdsOfBatches => {
  const kept = new Map<number, CustomIds>();
  const own = customIdsOf(run.snapshot.config);
  return {
    of: (batchNo) => async () => {
      const range = adoptedRangeOf(run.snapshot.config, batchNo);
      if (range === null) return { _tag: 'Right', right: own };
      const known = kept.get(batchNo);
      if (known !== undefined) return { _tag: 'Right', right: known };
      const { firstIndex, batch } = range;
      const names: string[] = [];
      while (names.length < batch.requests) {
        const page = await itemIdsOf(
          run,
          firstIndex + names.length,
          Math.min(pageRows, batch.requests - names.length),
        )();
        if (page._tag === 'Left') return page;
        for (const itemId of page.right)
          names.push(customIdOfAdopted(run.snapshot.config, batch, itemId));
      }
      const ids = foreignCustomIds(names, firstIndex);
      kept.set(batchNo, ids);
      for (const oldest of kept.keys()) {
        if (kept.size <= keptMax) break;
        kept.delete(oldest);
      }
      return { _tag: 'Right', right: ids };
    },
    forget: (batchNo) => void kept.delete(batchNo),
  };
};

const itemIdsOf =
  (run: Reader, fromIndex: number, count: number): TE.TaskEither<PortError, readonly string[]> =>
  async () => {
    const lines = await linesOfRows(run, fromIndex, count)();
    if (lines._tag === 'Left') return lines;
    const where = `rows ${fromIndex} to ${fromIndex + count - 1}`;
    const corrupt = (message: string) =>
      ({ _tag: 'Left', left: { type: 'corrupt', message, where } }) as const;
    if (lines.right.length !== count)
      return corrupt(`${where}: ${lines.right.length} of ${count} item lines are stored`);
    const texts = await readTexts(
      run.artifacts,
      lines.right.map(({ item }) => item),
    )();
    if (texts._tag === 'Left') return texts;
    const ids = texts.right.map(itemIdIn);
    const bad = ids.indexOf(null);
    return bad < 0
      ? { _tag: 'Right', right: ids as readonly string[] }
      : corrupt(`the item line of row ${fromIndex + bad} cannot be read`);
  };

const itemIdIn = (line: string | null): string | null => {
  try {
    const item: unknown = JSON.parse(line ?? '');
    return isJsonObject(item) && typeof item['item_id'] === 'string' ? item['item_id'] : null;
  } catch {
    return null;
  }
};
