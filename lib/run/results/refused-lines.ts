import type { RefusedLine } from '../../core/model/batch.ts';
import type { BatchRecord } from '../../core/model/batch-record.ts';
import { rankInIndexSet } from '../../core/values/index-set.ts';
import type { JsonObject } from '../../core/json/json.ts';
import type { ResultRef, RunReader } from '../../ports/run-store.ts';
import type { ResultParts } from '../../effects/results/results.ts';
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
 * Adds the provider's error to rows whose line made it reject the batch, since no result line has
 * it.
 * Reads the batch of each such row, each batch once.
 */
export const withRefusals = async (
  reader: RunReader,
  parts: readonly ResultParts[],
): Promise<readonly ResultParts[]> => {
  if (!parts.some(isWithoutLine)) return parts;
  const { runId } = reader;
  const records = new Map<number, BatchRecord | undefined>();
  const recordOf = async (batchNo: number): Promise<BatchRecord | undefined> => {
    if (!records.has(batchNo))
      records.set(batchNo, (await must(reader.batches(batchNo, 1), { runId }))[0]);
    return records.get(batchNo);
  };
  const refusalOf = async ({ index, sameAs }: ResultRef): Promise<RefusedLine | null> => {
    const sent = sameAs ?? index;
    const [row] = await must(reader.rows(sent, 1), { runId });
    const record = row === undefined || row.batchNo === 0 ? undefined : await recordOf(row.batchNo);
    return record?.batchNo === row?.batchNo && record !== undefined
      ? refusalIn(record, sent)
      : null;
  };
  const explainedParts: ResultParts[] = [];
  for (const part of parts) {
    const refusal = isWithoutLine(part) ? await refusalOf(part.ref) : null;
    if (refusal === null) {
      explainedParts.push(part);
      continue;
    }
    const message = refusal.message ?? refusal.code ?? 'the provider gave no reason';
    explainedParts.push({
      ...part,
      content: {
        outputText: null,
        output: null,
        usage: null,
        error: { message, raw: refusalToRaw(refusal) },
      },
    });
  }
  return explainedParts;
};
