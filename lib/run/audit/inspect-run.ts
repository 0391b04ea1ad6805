import { adoptedBatchOf, customIdOfAdopted } from '../../core/model/adopted.ts';
import { attemptOutcome, type AttemptOutcome } from '../../core/settle/attempt.ts';
import type { BatchRecord } from '../../core/model/batch-record.ts';
import type { RunConfig } from '../../core/model/config.ts';
import { type FailureClass, failureOfCode } from '../../core/values/failure.ts';
import { type CustomIds, customIdsOf, foreignCustomIds } from '../../core/values/custom-ids.ts';
import { rankInIndexSet } from '../../core/values/index-set.ts';
import { isJsonObject, type JsonObject } from '../../core/json/json.ts';
import type { ItemResult } from '../../core/settle/results.ts';
import type { ProviderWire } from '../../ports/provider.ts';
import type { ObjectSpan, ResultRef, RunReader, StoredRow } from '../../ports/run-store.ts';
import { BatchorError } from '../api/errors.ts';
import { linesAbout } from './lines-about.ts';
import type { Inspection, InspectedAttempt } from './inspection.ts';
import { must } from '../api/interop.ts';
import { refusalIn } from '../results/refused-lines.ts';
import { atOneVersion, type RunObserver, type RunAtVersion } from './one-version.ts';
import { readOwnLines } from './line-check.ts';
import { createPayload } from './payload.ts';
import { linesOfRows, resultsByIndex, storedRows } from '../../rows/read-rows.ts';

type Wire = Pick<ProviderWire, 'readContent' | 'readVerdict'>;
/** Reads the result at a pointer; null if it cannot be read. */
type ResultOf = (ref: ResultRef) => Promise<ItemResult | null>;

const pageRows = 5_000;
// The row indexes of a scattered batch take a few hundred kilobytes.
const pageBatches = 20;

/**
 * An item's history: attempt, batch, file, line, outcome. Scans the rows for the id, and reads the
 * raw files of its own batches only. Throws `item_not_found`.
 */
export const inspectItem = (
  observer: RunObserver,
  wire: Wire,
  itemId: string,
  resultOf: ResultOf,
): Promise<Inspection> => atOneVersion(observer, (run) => inspect(run, wire, itemId, resultOf));

const inspect = async (
  run: RunAtVersion,
  wire: Wire,
  itemId: string,
  resultOf: ResultOf,
): Promise<Inspection> => {
  const { reader, snapshot, requireSameVersion } = run;
  const row = await rowOf(run, itemId);
  const { index, status, charged, uncharged, dueAtMs } = row;
  const context = { runId: reader.runId };
  const { results } = await must(resultsByIndex(reader, index, 1), context);
  const result = results.find((ref) => ref.index === index) ?? null;
  const [lines] = await must(linesOfRows(reader, index, 1), context);
  if (lines === undefined) throw new RangeError(`row ${index} has no lines`);
  const item = await readObject(reader, lines.item, 'item line');
  const areRequestsKept = !snapshot.artifacts.areRequestsPruned;
  const request =
    lines.request === null || !areRequestsKept
      ? null
      : await readObject(reader, lines.request, 'request line');
  const [sent] = row.sameAs === null ? [] : await must(storedRows(reader, row.sameAs, 1), context);
  const idsIn = idsOfRow(snapshot.config, row);
  const attempts: InspectedAttempt[] = [];
  for (let next = 1; ;) {
    const records = await must(reader.batches(next, pageBatches), context);
    for (const record of records)
      if (rankInIndexSet(record.indexes, index) >= 0)
        attempts.push(await attemptIn(reader, wire, record, idsIn(record.batchNo), row, result));
    requireSameVersion();
    next += records.length;
    if (records.length === 0) break;
  }
  return {
    runId: reader.runId,
    itemId,
    itemIndex: index,
    customId:
      lines.request === null ? null : idsIn(attempts.at(-1)?.batchNo ?? 0).of(row.sameAs ?? index),
    status,
    attemptCount: charged,
    unchargedAttemptCount: uncharged,
    failureClass: classOf(result),
    sequence: result?.sequence ?? null,
    retryAt: dueAtMs === 0 ? null : new Date(dueAtMs),
    metadata:
      item.line === null ? null : isJsonObject(item.line['metadata']) ? item.line['metadata'] : {},
    badRow: item.line?.['error'] ?? null,
    request: isJsonObject(request?.line?.['body']) ? request.line['body'] : null,
    result: result === null ? null : await resultOf(result),
    itemLine: lines.item,
    requestLine: lines.request,
    isRequestLineKept: lines.request !== null && areRequestsKept,
    sharedWith: sent === undefined ? null : { itemIndex: sent.index, itemId: sent.itemId },
    attempts,
    faults: [item.fault, request?.fault ?? null].filter((fault) => fault !== null),
  };
};

/** The row's `custom_id` in each batch. Adopted batches use their own. */
const idsOfRow = (
  config: RunConfig,
  { index, itemId }: StoredRow,
): ((batchNo: number) => CustomIds) => {
  const own = customIdsOf(config);
  return (batchNo) => {
    const adopted = adoptedBatchOf(config, batchNo);
    return adopted === null
      ? own
      : foreignCustomIds([customIdOfAdopted(config, adopted, itemId)], index);
  };
};

const rowOf = async (
  { reader, requireSameVersion }: RunAtVersion,
  itemId: string,
): Promise<StoredRow> => {
  for (let next = 0; ;) {
    const rows = await must(storedRows(reader, next, pageRows), { runId: reader.runId });
    requireSameVersion();
    const found = rows.find((row) => row.itemId === itemId);
    if (found !== undefined) return found;
    if (rows.length === 0) break;
    next += rows.length;
  }
  throw new BatchorError(
    'item_not_found',
    { runId: reader.runId, itemId },
    `run ${reader.runId} has no item ${JSON.stringify(itemId)}`,
    'Ids must match exactly. The results list the id of every item that has ended.',
  );
};

const classOf = (result: ResultRef | null): FailureClass | null =>
  result?.status === 'failed_permanent' ? failureOfCode(result.code) : null;

/** A line that batchor wrote, as an object; or why it cannot be read. */
const readObject = async (
  reader: RunReader,
  span: ObjectSpan,
  what: string,
): Promise<{ readonly line: JsonObject | null; readonly fault: string | null }> => {
  const [text] = await readOwnLines(createPayload(reader.artifacts), [span]);
  if (typeof text !== 'string')
    return { line: null, fault: `${what}: ${text?.fault ?? 'missing'}` };
  try {
    const line: unknown = JSON.parse(text);
    if (isJsonObject(line)) return { line, fault: null };
  } catch {
    // Handled below.
  }
  return {
    line: null,
    fault: `${what}: bytes ${span.offset}+${span.length} of object ${span.object} are not a JSON object`,
  };
};

const attemptIn = async (
  reader: RunReader,
  wire: Wire,
  record: BatchRecord,
  customIds: CustomIds,
  row: StoredRow,
  result: ResultRef | null,
): Promise<InspectedAttempt> => {
  const { lines, faults, areRawFilesKept } = await linesAbout(
    reader.artifacts,
    wire,
    record,
    customIds,
    row.index,
  );
  const failures = lines.flatMap(({ verdict }) =>
    verdict === 'succeeded' || verdict === 'malformed' ? [] : [verdict],
  );
  const outcome = attemptOutcome(record, { ...row, failureClass: classOf(result) }, failures);
  const isAnswer = ({ object, offset }: ObjectSpan): boolean =>
    result?.line?.object === object && result.line.offset === offset;
  return {
    batchNo: record.batchNo,
    batchKey: record.batchKey,
    batchState: record.state,
    createAttempt: record.createAttempt,
    inputFileId: record.inputFileId,
    providerBatchId: record.providerBatchId,
    providerStatus: record.providerStatus,
    ending: record.ending?.type ?? null,
    rejectionMessage: messageOfRefusal(record, row.sameAs ?? row.index),
    lines: lines.map((line) => ({ ...line, isAnswer: isAnswer(line) })),
    areRawFilesKept,
    ...described(outcome),
    faults,
  };
};

/** The provider's message on the row's line; else its message on the whole batch. */
const messageOfRefusal = (record: BatchRecord, index: number): string | null => {
  const refusal = refusalIn(record, index);
  return refusal === null
    ? (record.ending?.rejection?.message ?? null)
    : `line ${refusal.line}: ${refusal.code ?? 'no code'}: ${refusal.message ?? 'no message'}`;
};

const described = (
  outcome: AttemptOutcome,
): Pick<InspectedAttempt, 'outcome' | 'failureClass' | 'isCharged'> => {
  switch (outcome.type) {
    case 'completed':
      return { outcome: outcome.type, failureClass: null, isCharged: true };
    case 'retried':
    case 'failed':
      return {
        outcome: outcome.type,
        failureClass: outcome.failureClass,
        isCharged: outcome.isCharged,
      };
    case 'waiting':
    case 'released':
      return { outcome: outcome.type, failureClass: null, isCharged: null };
  }
};
