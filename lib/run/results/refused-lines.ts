import type { RefusedLine } from '../../core/model/batch.ts';
import type { BatchRecord } from '../../core/model/batch-record.ts';
import { rankInIndexSet } from '../../core/values/index-set.ts';
import type { JsonObject } from '../../core/json/json.ts';
import type { RunReader } from '../../ports/run-store.ts';
import type { ResultParts } from '../../effects/results/results.ts';
import { storedRows } from '../../rows/read-rows.ts';
import { must } from '../api/interop.ts';

/** The provider's error on the row's line when it rejected the batch; null: none. */
export const refusalIn = (record: BatchRecord, index: number): RefusedLine | null => {
  const line = rankInIndexSet(record.indexes, index) + 1;
  return line === 0
    ? null
    : (record.ending?.rejection?.said.find((lines) => lines.line === line) ?? null);
};

/** The provider's error as results show it. */
export const refusalToRaw = ({ code, message, param, line }: RefusedLine): JsonObject => ({
  code,
  message,
  param,
  line,
});

const isWithoutLine = ({ ref, content }: ResultParts): boolean =>
  content === null && ref.line === null && ref.status === 'failed_permanent';

/**
 * Adds the provider's error to rows that no result line speaks of: its error on the row's own line,
 * else its message on the batch that it refused as a whole. Reads rows in stretches, and each batch
 * once.
 */
export const withRefusals = async (
  reader: RunReader,
  parts: readonly ResultParts[],
): Promise<readonly ResultParts[]> => {
  const silent = parts.filter(isWithoutLine);
  if (silent.length === 0) return parts;
  const batchNos = await batchNosOf(reader, silent.map(sentIndex));
  const records = new Map<number, BatchRecord | undefined>();
  const recordOf = async (batchNo: number): Promise<BatchRecord | undefined> => {
    if (!records.has(batchNo))
      records.set(
        batchNo,
        (await must(reader.batches(batchNo, 1), { runId: reader.runId })).find(
          (record) => record.batchNo === batchNo,
        ),
      );
    return records.get(batchNo);
  };
  const explainedParts: ResultParts[] = [];
  for (const part of parts) {
    const batchNo = isWithoutLine(part) ? (batchNos.get(sentIndex(part)) ?? 0) : 0;
    const record = batchNo === 0 ? undefined : (records.get(batchNo) ?? (await recordOf(batchNo)));
    const error = record === undefined ? null : errorIn(record, sentIndex(part));
    explainedParts.push(
      error === null
        ? part
        : { ...part, content: { outputText: null, output: null, usage: null, error } },
    );
  }
  return explainedParts;
};

/** Of a row that shares a request, the row that was sent. */
const sentIndex = ({ ref }: ResultParts): number => ref.sameAs ?? ref.index;

const errorIn = (
  record: BatchRecord,
  index: number,
): NonNullable<ResultParts['content']>['error'] => {
  const refusal = refusalIn(record, index);
  if (refusal !== null)
    return {
      message: refusal.message ?? refusal.code ?? 'the provider gave no reason',
      raw: refusalToRaw(refusal),
    };
  const rejection = record.ending?.rejection ?? null;
  return rejection === null || rejection.message === ''
    ? null
    : {
        message: `the provider refused the batch: ${rejection.message}`,
        raw: { message: rejection.message },
      };
};

const stretchRows = 1_000;

/** The last batch of each of these rows; 0: none. */
const batchNosOf = async (
  reader: RunReader,
  indexes: readonly number[],
): Promise<ReadonlyMap<number, number>> => {
  const found = new Map<number, number>();
  const sorted = [...new Set(indexes)].sort((a, b) => a - b);
  for (let at = 0; at < sorted.length;) {
    const from = sorted[at] as number;
    let end = at;
    while (end < sorted.length && (sorted[end] as number) < from + stretchRows) end += 1;
    const count = (sorted[end - 1] as number) - from + 1;
    const rows = await must(storedRows(reader, from, count), { runId: reader.runId });
    for (const { index, batchNo } of rows) found.set(index, batchNo);
    at = end;
  }
  return found;
};
