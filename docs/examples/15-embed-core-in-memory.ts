// The pure core in a loop of your own: no store, no RxJS, your own provider call. Rows are columns
// that fold `applyToRows`.
import {
  applyToRows,
  type BatchKey,
  type BatchObservation,
  censusOfRows,
  type Command,
  customIdsOf,
  decide,
  type Effect,
  effectKey,
  effectsDue,
  emptySnapshot,
  emptyUsage,
  evolve,
  indexesOf,
  isFinished,
  type ItemStatus,
  makeRunId,
  nextDueMs,
  type ProviderBatchId,
  type RowChange,
  type RunConfig,
  type RunSnapshot,
  type SweepReport,
} from 'batchor/core';
import { isLeft } from 'fp-ts/lib/Either.js';

export interface MyProvider {
  upload(lines: readonly string[]): Promise<string>;
  /** Throws only when it is not known whether the batch was created. */
  create(fileId: string, batchKey: BatchKey, createAttempt: number): Promise<ProviderBatchId>;
  /**
   * Every batch that may be one of these creates, read to the end of the list: what it does not
   * show may be sent again.
   */
  sweep(effect: Extract<Effect, { type: 'SweepBatches' }>): Promise<SweepReport>;
  deleteFile(fileId: string): Promise<void>;
  observe(
    batches: Extract<Effect, { type: 'PollBatches' }>['batches'],
  ): Promise<readonly BatchObservation[]>;
  /** The items that the batch answered well. */
  answered(fileId: string): Promise<readonly number[]>;
  cancel(id: ProviderBatchId): Promise<void>;
}

export interface MyRow {
  readonly prompt: string;
  status: ItemStatus;
  batchNo: number;
  charged: number;
  uncharged: number;
  dueAtMs: number;
}

/**
 * Runs the prompts to their end; answers the last snapshot. `rows` then tell what became of each.
 */
export async function runToEnd(
  config: RunConfig,
  rows: MyRow[],
  provider: MyProvider,
  signal: AbortSignal,
): Promise<RunSnapshot> {
  let snapshot = emptySnapshot;
  let keys = 0;
  const customIds = customIdsOf(config);
  const lines = rows.map(
    (row, index) => `${JSON.stringify({ custom_id: customIds.of(index), prompt: row.prompt })}\n`,
  );
  const bytes = (indexes: readonly number[]): number[] =>
    indexes.map((index) => Buffer.byteLength(lines[index] ?? ''));
  const where = (test: (row: MyRow) => boolean): number[] =>
    rows.flatMap((row, index) => (test(row) ? [index] : []));
  const slice = (indexes: readonly number[]) => ({
    indexes,
    bytes: bytes(indexes),
    tokens: null,
    isLast: true,
  });

  const apply = (change: RowChange): void => {
    const each = (indexes: ArrayLike<number>, move: (row: MyRow, place: number) => void): void => {
      for (let place = 0; place < indexes.length; place += 1)
        move(rows[indexes[place] ?? -1] as MyRow, place);
    };
    switch (change.type) {
      case 'insert':
        return; // they are here already
      case 'claim':
        return each([...indexesOf(change.indexes)], (row) =>
          Object.assign(row, { status: 'queued_local', batchNo: change.batchNo }),
        );
      case 'submit':
        return each(
          where((row) => row.batchNo === change.batchNo && row.status === 'queued_local'),
          (row) => (row.status = 'submitted'),
        );
      case 'release':
        return each(
          where((row) => row.batchNo === change.batchNo && row.status === 'queued_local'),
          (row) => (row.status = 'pending'),
        );
      case 'complete':
        return each(change.lines.indexes, (row) =>
          Object.assign(row, { status: 'completed', charged: row.charged + 1 }),
        );
      case 'fail':
      case 'retry':
        return each(change.rows.indexes, (row, place) => {
          if (change.rows.charged[place] === 1) row.charged += 1;
          else row.uncharged += 1;
          row.status = change.type === 'fail' ? 'failed_permanent' : 'failed_retryable';
          row.dueAtMs = change.type === 'fail' ? 0 : (change.rows.dueAtMs[place] ?? 0);
        });
      case 'requeue':
        return each(change.indexes, (row) => (row.status = 'pending'));
      case 'fail_pending':
        return each(change.indexes, (row) => (row.status = 'failed_permanent'));
      case 'share':
        return; // no slice of ours has `sameAs`
    }
  };

  const tell = (command: Command): void => {
    const decided = decide(snapshot, command);
    if (isLeft(decided) && decided.left.type === 'malformed_command')
      throw new Error(decided.left.message); // our own bug
    if (isLeft(decided)) return; // a stale or repeated answer: nothing to do
    snapshot = decided.right.reduce(evolve, snapshot); // save both here, in one transaction, before acting on them
    for (const change of applyToRows(decided.right)) apply(change);
  };

  const perform = async (effect: Effect): Promise<Command> => {
    const atMs = Date.now();
    switch (effect.type) {
      case 'IngestSlice': {
        const all = rows.map((_, index) => index);
        const accepted = {
          fromIndex: 0,
          itemIds: all.map(String),
          requestObject: 'memory',
          itemObject: 'memory',
          requestLengths: bytes(all),
          itemLengths: bytes(all),
          tokens: null,
          areTokensExact: false,
          inputs: null,
          badOffsets: [],
          sameAs: null,
          sharedTokens: 0,
        };
        return {
          type: 'AcceptSlice',
          atMs,
          slice: rows.length === 0 ? null : accepted,
          checkpoint: { nextIndex: rows.length, position: null, beforeLastPosition: null },
          isLast: true,
        };
      }
      case 'AdoptBatch': // due only for a run whose config names batches that were created elsewhere
      case 'PlanBatch': {
        const pending = where((row) => row.status === 'pending');
        const indexes = pending.slice(0, effect.rowsMax);
        const window = {
          generation: snapshot.backlog.generation,
          indexes,
          bytes: bytes(indexes),
          tokens: null,
          inputs: null,
          isExhausted: indexes.length === pending.length,
        };
        return { type: effect.type, atMs, window, newBatchKey: `mine_${++keys}` as BatchKey };
      }
      case 'UploadBatch':
        return {
          type: 'RecordUpload',
          atMs,
          batchKey: effect.batchKey,
          createAttempt: effect.createAttempt,
          inputFileId: await provider.upload(
            where((row) => row.batchNo === effect.batchNo && row.status === 'queued_local').map(
              (index) => lines[index] ?? '',
            ),
          ),
          expiresAtMs: null,
        };
      case 'BeginCreate':
      case 'ReplanBatch':
      case 'DropBatch':
        return { type: effect.type, atMs, batchKey: effect.batchKey };
      case 'CreateBatch': {
        const { batchKey, createAttempt } = effect;
        const inputFileId = effect.inputFileId as string; // null only where creates carry the lines
        try {
          return {
            type: 'RecordCreated',
            atMs,
            batchKey,
            createAttempt,
            providerBatchId: await provider.create(inputFileId, batchKey, createAttempt),
            providerStatus: 'validating',
          };
        } catch (cause) {
          return {
            type: 'RecordCreateUnclear',
            atMs,
            batchKey,
            createAttempt,
            message: String(cause),
          };
        }
      }
      case 'SweepBatches':
        return {
          type: 'RecordSweep',
          atMs: Date.now(),
          readFromMs: atMs,
          asked: effect.creates,
          known: effect.known,
          report: await provider.sweep(effect),
        };
      case 'FenceCreate':
        await provider.deleteFile(effect.inputFileId);
        return {
          type: 'RecordFenced',
          atMs,
          batchKey: effect.batchKey,
          createAttempt: effect.createAttempt,
        };
      case 'DeleteFile':
        await provider.deleteFile(effect.fileId);
        return { type: 'RecordFileDeleted', atMs, fileId: effect.fileId };
      case 'CompactFile': // nothing is stored as files here
        return { type: 'RecordCompacted', atMs, object: effect.object };
      case 'CancelStray':
        await provider.cancel(effect.providerBatchId);
        return { type: 'RecordStrayCancelled', atMs, providerBatchId: effect.providerBatchId };
      case 'PollStrays':
        return {
          type: 'RecordStrays',
          atMs,
          asked: effect.batches.map((batch) => batch.providerBatchId),
          observations: await provider.observe(effect.batches),
        };
      case 'PollBatches':
        return {
          type: 'RecordPoll',
          atMs,
          asked: effect.batches.map((batch) => batch.batchKey),
          observations: await provider.observe(effect.batches),
        };
      case 'CancelBatch':
        await provider.cancel(effect.providerBatchId);
        return { type: 'RecordCancelAsked', atMs, batchKey: effect.batchKey };
      case 'StoreFiles':
        return {
          type: 'RecordFiles',
          atMs,
          batchKey: effect.batchKey,
          output: effect.outputFileId === null ? null : { object: effect.outputFileId, bytes: 1 },
          error: null,
          census: censusOfRows(
            snapshot.live.find((batch) => batch.batchKey === effect.batchKey)?.requests ?? 0,
          ),
        };
      case 'SettleSlice': {
        const { batchKey, batchNo, position } = effect;
        if (position.part === 'rest') {
          const left = where((row) => row.batchNo === batchNo && row.status === 'submitted');
          const none = left.map(() => 0);
          const attempts = {
            charged: left.map((index) => rows[index]?.charged ?? 0),
            uncharged: left.map((index) => rows[index]?.uncharged ?? 0),
          };
          return {
            type: 'SettleRest',
            atMs,
            batchKey,
            fromIndex: position.offset,
            rows: { ...slice(left), ...attempts },
            codes: left.map(() => -1),
            parts: none,
            offsets: none,
            lengths: none,
          };
        }
        const file =
          snapshot.live.find((batch) => batch.batchKey === batchKey)?.files?.output?.object ?? '';
        const indexes = await provider.answered(file);
        const open = indexes.map((index) =>
          rows[index]?.status === 'submitted' && rows[index].batchNo === batchNo ? 1 : 0,
        );
        const none = indexes.map(() => 0);
        return {
          type: 'SettleSlice',
          atMs,
          batchKey,
          part: position.part,
          fromOffset: 0,
          toOffset: 1,
          isEndOfFile: true,
          lines: { indexes, offsets: none, lengths: none },
          open,
          usage: emptyUsage,
          malformedCount: 0,
          unknownCount: 0,
        };
      }
      case 'RequeueRows':
        return {
          type: 'RequeueRows',
          atMs,
          dueAtMs: effect.dueAtMs,
          rows: slice(
            where((row) => row.status === 'failed_retryable' && row.dueAtMs === effect.dueAtMs),
          ),
        };
      case 'SettleShared':
        throw new Error('no row of ours shares a request');
      case 'FailPending':
        return {
          type: 'FailPending',
          atMs,
          generation: snapshot.backlog.generation,
          rows: slice(where((row) => row.status === 'pending')),
        };
    }
  };

  tell({ type: 'CreateRun', atMs: Date.now(), runId: makeRunId(Date.now(), 'ab12cd34'), config });
  tell({ type: 'OpenRun', atMs: Date.now() }); // after a restart this is what turns a create in flight into a search
  while (!isFinished(snapshot)) {
    signal.throwIfAborted();
    const nowMs = Date.now();
    const due = effectsDue(snapshot, nowMs);
    for (const effect of due) {
      const answer = await perform(effect).catch((cause: unknown): Command => ({
        type: 'RecordFault',
        atMs: Date.now(),
        key: effectKey(effect),
        fault: 'transient',
        message: String(cause),
        retryAfterMs: null,
      }));
      tell(answer);
    }
    if (due.length > 0) continue;
    const next = nextDueMs(snapshot, nowMs); // of the same instant: what comes due in between is not lost
    if (next === null) return snapshot; // paused: only a command can change it
    await new Promise((wake) => setTimeout(wake, Math.max(1, next - Date.now())));
  }
  return snapshot;
}
