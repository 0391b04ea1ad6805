import type { SweepReport, SweptBatch } from '../../../lib/core/model/command.ts';
import type { BatchKey, ProviderBatchId } from '../../../lib/core/values/ids.ts';
import { isJsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { statusIn } from '../client/api-error.ts';
import { requestJson, ask } from '../client/request.ts';
import { segment } from '../../http/path-segment.ts';
import { batchPages } from './batch-list.ts';
import type { BatchReport } from './batch-object.ts';
import { CallFailure } from '../client/classify.ts';
import { attemptKey, batchKeyKey } from './create.ts';
import { retrieve } from './observe.ts';
import type { OpenSession, Session } from '../client/session.ts';

/** Maximum lag of the provider's clock behind ours. */
const clockSkewMs = 10 * 60_000;
/** The last moment that a `Date` can hold. */
const timeMsMax = 8_640_000_000_000_000;
/** Maximum number of further pages to read for known batches. */
const pagesBehindMax = 10;
/** Metadata key with the batch's run id. */
const runIdKey = 'batchor_run_id';

/** Reads files first: their times determine how far back the list must be read. */
export const reconcile =
  (open: OpenSession): BatchProvider['sweep'] =>
  ({ creates, sinceMs, runId, known }) =>
    ask(
      open,
      { what: 'list the batches', isPaid: false, isAboutOne: false, isOptional: true },
      async (session) => {
        const files: { inputFileId: string; createdAtMs: number | null }[] = [];
        const inputFileIds = creates.flatMap(({ inputFileId }) => inputFileId ?? []);
        for (const inputFileId of inputFileIds) {
          const file = await readFile(session, inputFileId);
          if (file !== null) files.push({ inputFileId, ...file });
        }
        // Includes batches created in the same second as their file. A file without a time needs
        // the whole list.
        const cutoffMs = Math.min(
          sinceMs - clockSkewMs,
          ...files.map(({ createdAtMs }) => (createdAtMs ?? -Infinity) - 1_000),
        );
        const keys = new Set<unknown>(creates.map(({ batchKey }) => batchKey));
        const fileIds = new Set<unknown>(inputFileIds);
        const found = new Map<string, SweptBatch>();
        const shown = new Set<ProviderBatchId>();
        let isRunSeen = false;
        let readBackToMs: number | null = null;
        let nameless = 0;
        let pagesBehind = 0;
        const reading = createReading();
        for await (const { batches, unread, isStuck } of batchPages(session)) {
          nameless += unread.filter((entry) => !isOfAnother(entry, keys, fileIds)).length;
          for (const report of batches) {
            if (isNameless(report) && (report.createdAtMs ?? Infinity) >= cutoffMs) nameless += 1;
            isRunSeen ||= report.metadata[runIdKey] === runId;
            if (known.includes(report.id)) shown.add(report.id);
            if (keys.has(report.metadata[batchKeyKey]) || fileIds.has(report.inputFileId))
              found.set(report.id, listedBatch(report));
          }
          // Pages after the last readable one are unknown.
          if (isStuck) readBackToMs = reading.oldestMs();
          if (!reading.isBehind(batches, cutoffMs)) continue;
          pagesBehind += 1;
          // Known batches may be older than the unconfirmed creates.
          if (shown.size < known.length && pagesBehind < pagesBehindMax) continue;
          readBackToMs = cutoffMs;
          break;
        }
        const isMissed = creates.some(({ batchKey, inputFileId }) =>
          [...found.values()].every(
            (listed) => listed.batchKey !== batchKey && listed.inputFileId !== inputFileId,
          ),
        );
        if (nameless > 0 && isMissed) throw namelessIn(session, nameless);
        return {
          found: [...found.values()],
          files,
          readBackToMs,
          isRunSeen,
          shown: [...shown],
        } satisfies SweepReport;
      },
    );

export const identify =
  (open: OpenSession): BatchProvider['identify'] =>
  (providerBatchId) =>
    ask(
      open,
      { what: `read batch ${providerBatchId}`, isPaid: false, isAboutOne: true },
      async (session) => {
        const report = await retrieve(session, providerBatchId);
        return report === null ? null : listedBatch(report);
      },
    );

const listedBatch = (report: BatchReport): SweptBatch => {
  const batchKey = report.metadata[batchKeyKey];
  return {
    batchKey: typeof batchKey === 'string' ? (batchKey as BatchKey) : null,
    createAttempt: attemptOf(report.metadata[attemptKey]),
    inputFileId: report.inputFileId,
    providerBatchId: report.id,
    providerStatus: report.status,
    createdAtMs: report.createdAtMs,
    ending: report.ending?.type ?? null,
  };
};

const attemptOf = (value: JsonValue | undefined): number => {
  const attempt = Number.parseInt(String(value), 10);
  return Number.isSafeInteger(attempt) && attempt > 0 ? attempt : 0;
};

/** Null when this key cannot see the file. */
const readFile = async (
  session: Session,
  fileId: string,
): Promise<{ readonly createdAtMs: number | null } | null> => {
  try {
    const file: unknown = await requestJson(session, {
      method: 'get',
      path: `/files/${segment(fileId)}`,
    });
    if (!isJsonObject(file) || file['id'] !== fileId) return null;
    const createdAt = file['created_at'];
    return { createdAtMs: typeof createdAt === 'number' ? createdAt * 1000 : null };
  } catch (thrown) {
    if (statusIn(thrown) === 404) return null;
    throw thrown;
  }
};

/** A batch without its key and input file may belong to any run. */
const isNameless = ({ metadata, inputFileId }: BatchReport): boolean =>
  inputFileId === null && metadata[batchKeyKey] === undefined;

/** True for an unreadable entry that names another batch key or input file. */
const isOfAnother = (
  entry: JsonValue,
  keys: ReadonlySet<unknown>,
  fileIds: ReadonlySet<unknown>,
): boolean => {
  if (!isJsonObject(entry)) return false;
  const { input_file_id: fileId, metadata } = entry;
  const key = isJsonObject(metadata) ? metadata[batchKeyKey] : undefined;
  return (fileId === undefined ? key !== undefined : !fileIds.has(fileId)) && !keys.has(key);
};

const namelessIn = ({ where }: Session, count: number): CallFailure =>
  new CallFailure({
    type: 'refused',
    message: `${count} of the batches that ${where} lists have neither metadata nor an input file: batchor cannot tell whether an unconfirmed batch is among them`,
    statusCode: null,
    requestId: null,
  });

/**
 * No order is promised. A page and all later pages are older only if the whole list so far is
 * sorted from new to old.
 */
const createReading = (): {
  isBehind(page: readonly BatchReport[], cutoffMs: number): boolean;
  /** How far back the list was read; the maximum time if it was unordered and so proves nothing. */
  oldestMs(): number;
} => {
  let oldestMs = Infinity;
  let firstMs: number | null = null;
  let isFalling = true;
  return {
    oldestMs: () => (isFalling && Number.isFinite(oldestMs) ? oldestMs : timeMsMax),
    isBehind(page, cutoffMs) {
      for (const { createdAtMs } of page) {
        isFalling &&= createdAtMs !== null && createdAtMs <= oldestMs;
        oldestMs = Math.min(oldestMs, createdAtMs ?? oldestMs);
        firstMs ??= createdAtMs;
      }
      if (!isFalling || firstMs === null || firstMs <= oldestMs) return false;
      return (
        page.length > 0 &&
        page.every(({ createdAtMs }) => createdAtMs !== null && createdAtMs < cutoffMs)
      );
    },
  };
};
