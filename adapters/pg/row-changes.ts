import type { AcceptedSlice, Column } from '../../lib/core/model/command.ts';
import { codeOfFailure } from '../../lib/core/values/failure.ts';
import { countOfIndexSet, indexesOf } from '../../lib/core/values/index-set.ts';
import type { RowChange } from '../../lib/core/machine/rows.ts';
import { knownIds, ofBatch, type RowsOf } from './row-queries.ts';
import { completed, failed, pending, queued, retryable, shared, submitted } from './row-status.ts';
import type { Query } from './session.ts';
import { numbers } from './sql-values.ts';
import { storable } from '../../lib/core/json/storable-text.ts';

/**
 * The rows during a commit. Each change is one statement, two for new rows, whatever its row count.
 */
export interface Moving extends RowsOf {
  readonly query: Query;
  readonly objectNo: (name: string) => number;
  /** The counts after the changes so far. */
  itemCount: number;
  nextSequence: number;
}

type Of<T extends RowChange['type']> = Extract<RowChange, { readonly type: T }>;

/**
 * Applies a row change. Returns an error text when rows are not in the expected state; then the
 * transaction must be rolled back.
 */
export const applyChange = (moving: Moving, change: RowChange): Promise<string | null> => {
  switch (change.type) {
    case 'insert':
      return insert(moving, change);
    case 'claim':
      return claim(moving, change);
    case 'submit':
      return moveBatch(moving, change, `status = ${submitted}`);
    case 'release':
      return moveBatch(moving, change, `status = ${pending}, batch_no = 0`);
    case 'complete':
      return complete(moving, change);
    case 'fail':
      return fail(moving, change);
    case 'retry':
      return retry(moving, change);
    case 'requeue':
      return requeue(moving, change);
    case 'fail_pending':
      return failPending(moving, change);
    case 'share':
      return share(moving, change);
  }
};

/** Results get their sequences in the order of the change, without a gap. */
const faultOfSequence = (moving: Moving, from: number, count: number): string | null => {
  if (from !== moving.nextSequence)
    return `the next result sequence is ${moving.nextSequence}, not ${from}`;
  moving.nextSequence += count;
  return null;
};
const faultOfCount = (moved: number, claimed: number, what: string): string | null =>
  moved === claimed ? null : `of ${claimed} rows, ${moved} are ${what}`;

const insert = async (
  moving: Moving,
  { slice, sequenceFrom }: Of<'insert'>,
): Promise<string | null> => {
  const { query, schema, runNo } = moving;
  const count = slice.itemIds.length;
  if (slice.fromIndex !== moving.itemCount)
    return `the next row index is ${moving.itemCount}, not ${slice.fromIndex}`;
  const { requestLengths, itemLengths, tokens, inputs, sameAs } = slice;
  if (
    [requestLengths, itemLengths, tokens, inputs, sameAs].some(
      (column) => column !== null && column.length !== count,
    )
  )
    return 'the columns of a slice must have one length';
  const bad = slice.badOffsets.length;
  const fault = bad === 0 ? null : faultOfSequence(moving, sequenceFrom, bad);
  if (fault !== null) return fault;
  const itemIds = slice.itemIds.map(storable);
  const taken = await takenId(moving, itemIds);
  if (taken !== null) return `item id ${JSON.stringify(taken)} is already used`;
  const { statuses, sequences } = newRows(slice, sequenceFrom);
  await query(
    `insert into ${schema}.items (run_no, item_index, item_id, status, charged, uncharged, batch_no, due_at_ms,
        request_object, request_offset, request_length, item_object, item_offset, item_length, tokens, inputs, same_as, sequence, code)
      select $1, $2 + nth - 1, id, status, 0, 0, 0, 0,
        case when request_length > 0 then $3::int end, (sum(request_length) over earlier)::int - request_length, request_length,
        $4, (sum(item_length) over earlier)::int - item_length, item_length, tokens, nullif(inputs, 1), nullif(same_as, 0) - 1,
        nullif(sequence, 0), case when sequence > 0 then ${codeOfFailure('invalid_row')} end
      from unnest($5::text[], $6::smallint[], $7::int[], $8::int[], $9::int[], $10::int[], $11::bigint[], $12::int[])
        with ordinality as fresh (id, status, request_length, item_length, tokens, inputs, sequence, same_as, nth)
      window earlier as (order by nth)
      order by nth`,
    [
      runNo,
      slice.fromIndex,
      slice.requestObject === null ? null : moving.objectNo(slice.requestObject),
      moving.objectNo(slice.itemObject),
      itemIds,
      numbers(statuses),
      numbers(requestLengths),
      numbers(itemLengths),
      tokens === null ? '{}' : numbers(tokens),
      inputs === null ? '{}' : numbers(inputs),
      numbers(sequences),
      sameAs === null ? '{}' : numbers(sameAs),
    ],
  );
  moving.itemCount += count;
  return null;
};

const newRows = (
  slice: AcceptedSlice,
  sequenceFrom: number,
): { readonly statuses: Column; readonly sequences: Column } => {
  const count = slice.itemIds.length;
  const statuses = new Uint8Array(count).fill(pending);
  const sequences = new Float64Array(count);
  for (let i = 0; slice.sameAs !== null && i < count; i += 1)
    if (slice.sameAs[i] !== 0) statuses[i] = shared;
  for (let i = 0; i < slice.badOffsets.length; i += 1) {
    const offset = slice.badOffsets[i] as number;
    statuses[offset] = failed;
    sequences[offset] = sequenceFrom + i;
  }
  return { statuses, sequences };
};

/** The first id that the run or the slice already has; null: none. */
const takenId = async (moving: Moving, itemIds: readonly string[]): Promise<string | null> => {
  const seen = new Set<string>();
  for (const id of itemIds) {
    if (seen.has(id)) return id;
    seen.add(id);
  }
  const known = await knownIds(moving.query, moving, itemIds);
  return itemIds.find((_, at) => known[at] === 1) ?? null;
};

const claim = async (
  { query, schema, runNo }: Moving,
  { batchNo, indexes, count }: Of<'claim'>,
): Promise<string | null> => {
  if (countOfIndexSet(indexes) !== count)
    return `the batch claims ${count} rows and names ${countOfIndexSet(indexes)}`;
  const moved = await query(
    `update ${schema}.items set status = ${queued}, batch_no = $2
      where run_no = $1 and item_index = any ($3::int[]) and status = ${pending}`,
    [runNo, batchNo, numbers(Uint32Array.from(indexesOf(indexes)))],
  );
  return faultOfCount(moved.count, count, 'pending');
};

const moveBatch = async (
  { query, schema, runNo }: Moving,
  { batchNo, count }: Of<'submit'> | Of<'release'>,
  change: string,
): Promise<string | null> => {
  const moved = await query(
    `update ${schema}.items set ${change} where ${ofBatch(schema)} and status = ${queued}`,
    [runNo, batchNo],
  );
  return faultOfCount(moved.count, count, `queued in batch ${batchNo}`);
};

/**
 * Per-row values as columns in item order; `at` selects a row's value in one of them. A lookup, not
 * a join: the planner would estimate one row in this state where there are fifty thousand, and
 * compare each with each line.
 */
const inItemOrder = (indexes: Column, columns: readonly Column[]): readonly string[] => {
  const order = Uint32Array.from(indexes, (_, at) => at).sort(
    (a, b) => (indexes[a] as number) - (indexes[b] as number),
  );
  return [indexes, ...columns].map((column) =>
    numbers(Array.from(order, (nth) => column[nth] as number)),
  );
};
const at = (
  parameter: `$${number}::${'int' | 'bigint' | 'smallint'}[]`,
  indexes: `$${number}`,
): string => `(${parameter})[width_bucket(item_index, ${indexes}::int[])]`;
const sequencesFrom = (sequenceFrom: number, count: number): Column =>
  Float64Array.from({ length: count }, (_, i) => sequenceFrom + i);

const complete = async (
  moving: Moving,
  { batchNo, object, lines, sequenceFrom }: Of<'complete'>,
): Promise<string | null> => {
  const { query, schema, runNo } = moving;
  const count = lines.indexes.length;
  const fault = faultOfSequence(moving, sequenceFrom, count);
  if (fault !== null) return fault;
  const moved = await query(
    `update ${schema}.items set status = ${completed}, charged = charged + 1, code = -1, sequence = ${at('$5::bigint[]', '$4')},
        line_object = $3, line_offset = ${at('$6::bigint[]', '$4')}, line_length = ${at('$7::int[]', '$4')}
      where run_no = $1 and item_index = any ($4::int[]) and status = ${submitted} and batch_no = $2`,
    [
      runNo,
      batchNo,
      moving.objectNo(object),
      ...inItemOrder(lines.indexes, [
        sequencesFrom(sequenceFrom, count),
        lines.offsets,
        lines.lengths,
      ]),
    ],
  );
  return faultOfCount(moved.count, count, `submitted in batch ${batchNo}`);
};

const fail = async (moving: Moving, change: Of<'fail'>): Promise<string | null> => {
  const { query, schema, runNo } = moving;
  const { batchNo, rows, outputObject, errorObject, sequenceFrom } = change;
  const count = rows.indexes.length;
  const fault = faultOfSequence(moving, sequenceFrom, count);
  if (fault !== null) return fault;
  const objectNo = (name: string | null): number | null =>
    name === null ? null : moving.objectNo(name);
  const part = at('$8::smallint[]', '$5');
  const charged = at('$11::smallint[]', '$5');
  const moved = await query(
    `update ${schema}.items set status = ${failed}, sequence = ${at('$6::bigint[]', '$5')}, code = ${at('$7::smallint[]', '$5')},
        charged = items.charged + ${charged}, uncharged = items.uncharged + 1 - ${charged},
        line_object = case ${part} when 1 then $3::int when 2 then $4::int end,
        line_offset = case when ${part} > 0 then ${at('$9::bigint[]', '$5')} end,
        line_length = case when ${part} > 0 then ${at('$10::int[]', '$5')} end
      where run_no = $1 and item_index = any ($5::int[]) and status = ${submitted} and batch_no = $2`,
    [
      runNo,
      batchNo,
      objectNo(outputObject),
      objectNo(errorObject),
      ...inItemOrder(rows.indexes, [
        sequencesFrom(sequenceFrom, count),
        rows.codes,
        rows.parts,
        rows.offsets,
        rows.lengths,
        rows.charged,
      ]),
    ],
  );
  return faultOfCount(moved.count, count, `submitted in batch ${batchNo}`);
};

const retry = async (
  { query, schema, runNo }: Moving,
  { batchNo, rows }: Of<'retry'>,
): Promise<string | null> => {
  const charged = at('$4::smallint[]', '$3');
  const moved = await query(
    `update ${schema}.items set status = ${retryable}, batch_no = 0, due_at_ms = ${at('$5::bigint[]', '$3')},
        charged = items.charged + ${charged}, uncharged = items.uncharged + 1 - ${charged}
      where run_no = $1 and item_index = any ($3::int[]) and status = ${submitted} and batch_no = $2`,
    [runNo, batchNo, ...inItemOrder(rows.indexes, [rows.charged, rows.dueAtMs])],
  );
  return faultOfCount(moved.count, rows.indexes.length, `submitted in batch ${batchNo}`);
};

const requeue = async (
  { query, schema, runNo }: Moving,
  { indexes }: Of<'requeue'>,
): Promise<string | null> => {
  const moved = await query(
    `update ${schema}.items set status = ${pending}, due_at_ms = 0
      where run_no = $1 and item_index = any ($2::int[]) and status = ${retryable}`,
    [runNo, numbers(indexes)],
  );
  return faultOfCount(moved.count, indexes.length, 'failed_retryable');
};

const failPending = async (
  moving: Moving,
  { indexes, code, sequenceFrom, batchNo }: Of<'fail_pending'>,
): Promise<string | null> => {
  const { query, schema, runNo } = moving;
  const fault = faultOfSequence(moving, sequenceFrom, indexes.length);
  if (fault !== null) return fault;
  const moved = await query(
    `update ${schema}.items set status = ${failed}, code = $2, sequence = ${at('$4::bigint[]', '$3')}, batch_no = $5
      where run_no = $1 and item_index = any ($3::int[]) and status = ${pending}`,
    [runNo, code, ...inItemOrder(indexes, [sequencesFrom(sequenceFrom, indexes.length)]), batchNo],
  );
  return faultOfCount(moved.count, indexes.length, 'pending');
};

/**
 * Ends each row like the row that was sent for it, whose result is `of`; one primary key lookup per
 * row.
 */
const share = async (
  moving: Moving,
  { indexes, of, codes, sequenceFrom }: Of<'share'>,
): Promise<string | null> => {
  const { query, schema, runNo } = moving;
  const count = indexes.length;
  const fault = faultOfSequence(moving, sequenceFrom, count);
  if (fault !== null) return fault;
  const sent = (what: string): string =>
    `(select ${what} from ${schema}.items sent where sent.run_no = $1 and sent.item_index = items.same_as)`;
  const moved = await query(
    `update ${schema}.items set status = ${codes === null ? completed : failed}, sequence = ${at('$3::bigint[]', '$2')}, code = ${at('$5::smallint[]', '$2')},
        (line_object, line_offset, line_length) = ${sent('line_object, line_offset, line_length')}
      where run_no = $1 and item_index = any ($2::int[]) and status = ${shared}
        and ${sent('sequence')} = ${at('$4::bigint[]', '$2')} and ${sent('code')} = ${at('$5::smallint[]', '$2')}`,
    [
      runNo,
      ...inItemOrder(indexes, [
        sequencesFrom(sequenceFrom, count),
        of,
        codes ?? Float64Array.from({ length: count }, () => -1),
      ]),
    ],
  );
  return faultOfCount(moved.count, count, 'shared, and the rows sent for them have ended so');
};
