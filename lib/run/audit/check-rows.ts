import { assignmentError } from '../../core/model/conservation.ts';
import { customIdsOf, idMembers } from '../../core/values/custom-ids.ts';
import { addIdHash, noIdHashes } from '../../core/source/id-hashes.ts';
import { itemStatuses, sumOfTotals } from '../../core/model/item.ts';
import type { ObjectSpan, StoredRow } from '../../ports/run-store.ts';
import { must } from '../api/interop.ts';
import { faultOfName, readOwnLines } from './line-check.ts';
import { pageRows, type AuditContext } from './audit-context.ts';
import { linesOfRows, storedRows } from '../../rows/read-rows.ts';

/** Checks every row against the laws `rows` and `lines`, and records it in the ledger. */
export const checkRows = async (context: AuditContext): Promise<void> => {
  const { reader, counts, ledger, pageChecked } = context;
  const ids = noIdHashes();
  let next = 0;
  for (;;) {
    const rows = await must(storedRows(reader, next, pageRows), { runId: reader.runId });
    if (rows.length === 0) break;
    for (const row of rows) {
      const { index, itemId } = row;
      counts.checked('rows');
      if (index !== next)
        counts.broken('rows', `found row ${index} instead of row ${next}`, { index, itemId });
      next = Math.max(next, index) + 1;
      ledger.note(row);
      if (row.sameAs !== null && !(row.sameAs < index))
        counts.broken('rows', `it shares the request of row ${row.sameAs}, which comes after it`, {
          index,
          itemId,
        });
      const taken = await rowWithId(context, addIdHash(ids, itemId, index), itemId);
      if (taken !== null)
        counts.broken('rows', `row ${taken} has the same item id`, { index, itemId });
      const misplaced =
        row.batchNo > context.snapshot.batchCount
          ? `batch ${row.batchNo} was never planned`
          : assignmentError(row.status, row.batchNo, row.sameAs !== null);
      if (misplaced !== null)
        counts.broken('batches', misplaced, { index, itemId, batchNo: row.batchNo || null });
    }
    await checkLines(context, rows);
    pageChecked(rows.length);
  }
  checkTotals(context);
};

/** The row with this id, among rows whose id has the same hash. */
const rowWithId = async (
  { reader }: AuditContext,
  candidates: readonly number[],
  itemId: string,
): Promise<number | null> => {
  for (const index of candidates) {
    const [row] = await must(storedRows(reader, index, 1), { runId: reader.runId });
    if (row?.itemId === itemId) return index;
  }
  return null;
};

const checkTotals = ({ snapshot, counts, ledger }: AuditContext): void => {
  const totals = ledger.totals();
  const wrong = itemStatuses.find((status) => totals[status] !== snapshot.totals[status]);
  if (wrong !== undefined)
    counts.broken(
      'rows',
      `${totals[wrong]} rows are ${wrong}, but the run counts ${snapshot.totals[wrong]}`,
    );
  const { itemCount } = snapshot.ingest;
  if (ledger.count !== itemCount)
    counts.broken('rows', `${ledger.count} rows are stored, but ${itemCount} were accepted`);
  if (sumOfTotals(snapshot.totals) !== itemCount)
    counts.broken(
      'rows',
      `the statuses add up to ${sumOfTotals(snapshot.totals)}, but ${itemCount} rows were accepted`,
    );
};

const checkLines = async (
  { reader, payload, counts, snapshot }: AuditContext,
  rows: readonly StoredRow[],
): Promise<void> => {
  const first = rows[0] as StoredRow;
  const customIds = customIdsOf(snapshot.config);
  const lines = await must(linesOfRows(reader, first.index, rows.length), { runId: reader.runId });
  /** The name that each line must give its row. */
  const named: {
    readonly row: StoredRow;
    readonly what: string;
    /** Members that may hold the name. */
    readonly keys: readonly string[];
    readonly text: string;
    readonly span: ObjectSpan;
  }[] = [];
  rows.forEach((row, i) => {
    const at = lines[i];
    if (at === undefined)
      return counts.broken('lines', 'the store has no pointers to its lines', {
        index: row.index,
        itemId: row.itemId,
      });
    named.push({ row, what: 'item line', keys: ['item_id'], text: row.itemId, span: at.item });
    if (at.request !== null && snapshot.artifacts.areRequestsPruned) return;
    if (at.request !== null)
      named.push({
        row,
        what: 'request line',
        keys: idMembers,
        text: customIds.of(row.sameAs ?? row.index),
        span: at.request,
      });
    else if (row.charged + row.uncharged > 0 || row.sameAs !== null)
      counts.broken('lines', 'it was sent, but has no request line', {
        index: row.index,
        itemId: row.itemId,
      });
  });
  const found = await readOwnLines(
    payload,
    named.map(({ span }) => span),
  );
  named.forEach(({ row, what, keys, text }, i) => {
    counts.checked('lines');
    const fault = faultOfName(found[i] as (typeof found)[number], keys, text);
    if (fault !== null)
      counts.broken('lines', `its ${what}: ${fault}`, { index: row.index, itemId: row.itemId });
  });
};
