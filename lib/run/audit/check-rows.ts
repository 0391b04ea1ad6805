import { assignmentError } from '../../core/model/conservation.ts';
import { customIdsOf } from '../../core/values/custom-ids.ts';
import { addIdHash, noIdHashes } from '../../core/source/id-hashes.ts';
import { itemStatuses, sumOfTotals } from '../../core/model/item.ts';
import type { ObjectSpan, StoredRow } from '../../ports/run-store.ts';
import { must } from '../api/interop.ts';
import { faultOfName, readOwnLines } from './line-check.ts';
import { pageRows, type Scene } from './scene.ts';

/** Notes every row, and holds it to the laws `rows` and `lines`. */
export const checkRows = async (scene: Scene): Promise<void> => {
  const { reader, tally, ledger, turned } = scene;
  const ids = noIdHashes();
  let next = 0;
  for (;;) {
    const rows = await must(reader.rows(next, pageRows), { runId: reader.runId });
    if (rows.length === 0) break;
    for (const row of rows) {
      const { index, itemId } = row;
      tally.checked('rows');
      if (index !== next) tally.broken('rows', `row ${index} stands where row ${next} should`, { index, itemId });
      next = Math.max(next, index) + 1;
      ledger.note(row);
      if (row.sameAs !== null && !(row.sameAs < index))
        tally.broken('rows', `it shares the request of row ${row.sameAs}, which comes after it`, { index, itemId });
      const taken = await rowWithId(scene, addIdHash(ids, itemId, index), itemId);
      if (taken !== null) tally.broken('rows', `row ${taken} has the same item id`, { index, itemId });
      const misplaced =
        row.batchNo > scene.snapshot.batchCount
          ? `batch ${row.batchNo} was never planned`
          : assignmentError(row.status, row.batchNo, row.sameAs !== null);
      if (misplaced !== null) tally.broken('batches', misplaced, { index, itemId, batchNo: row.batchNo || null });
    }
    await checkLines(scene, rows);
    turned(rows.length);
  }
  checkTotals(scene);
};

/** The row that has this very id, among those whose hash is the same. */
const rowWithId = async ({ reader }: Scene, candidates: readonly number[], itemId: string): Promise<number | null> => {
  for (const index of candidates) {
    const [row] = await must(reader.rows(index, 1), { runId: reader.runId });
    if (row?.itemId === itemId) return index;
  }
  return null;
};

const checkTotals = ({ snapshot, tally, ledger }: Scene): void => {
  const totals = ledger.totals();
  const wrong = itemStatuses.find((status) => totals[status] !== snapshot.totals[status]);
  if (wrong !== undefined) tally.broken('rows', `${totals[wrong]} rows are ${wrong}, and the run counts ${snapshot.totals[wrong]}`);
  const { itemCount } = snapshot.ingest;
  if (ledger.count !== itemCount) tally.broken('rows', `${ledger.count} rows are stored, and ${itemCount} were accepted`);
  if (sumOfTotals(snapshot.totals) !== itemCount)
    tally.broken('rows', `the statuses add up to ${sumOfTotals(snapshot.totals)}, and ${itemCount} rows were accepted`);
};

const checkLines = async ({ reader, payload, tally, snapshot }: Scene, rows: readonly StoredRow[]): Promise<void> => {
  const first = rows[0] as StoredRow;
  const customIds = customIdsOf(snapshot.config);
  const lines = await must(reader.linesOfRows(first.index, rows.length), { runId: reader.runId });
  /** What a line must call the row. */
  const named: {
    readonly row: StoredRow;
    readonly what: string;
    readonly key: string;
    readonly text: string;
    readonly span: ObjectSpan;
  }[] = [];
  rows.forEach((row, i) => {
    const at = lines[i];
    if (at === undefined) return tally.broken('lines', 'it is not known where its lines lie', { index: row.index, itemId: row.itemId });
    named.push({ row, what: 'item line', key: 'item_id', text: row.itemId, span: at.item });
    if (at.request !== null && snapshot.artifacts.areRequestsPruned) return;
    if (at.request !== null)
      named.push({ row, what: 'request line', key: 'custom_id', text: customIds.of(row.sameAs ?? row.index), span: at.request });
    else if (row.charged + row.uncharged > 0 || row.sameAs !== null)
      tally.broken('lines', 'it was sent, by itself or for another row, and has no request line', { index: row.index, itemId: row.itemId });
  });
  const found = await readOwnLines(
    payload,
    named.map(({ span }) => span),
  );
  named.forEach(({ row, what, key, text }, i) => {
    tally.checked('lines');
    const fault = faultOfName(found[i] as (typeof found)[number], key, text);
    if (fault !== null) tally.broken('lines', `its ${what}: ${fault}`, { index: row.index, itemId: row.itemId });
  });
};
