import {
  type BatchEnding,
  type BatchKey,
  type BatchObservation,
  type CommandOf,
  type Effect,
  effectKey,
  isInline,
  stampOf,
  traitsOf,
  type UndecidedBatch,
  type FaultKind,
  type LiveBatch,
  type OthersUse,
  type ProviderBatchId,
  type Resolution,
  type SweptBatch,
} from '../../../lib/core/internal.ts';
import type { Answer, Moment } from './answer.ts';
import { between, withProbability, oneOf } from './dice.ts';
import { censusOf, pageCensus } from './files-census.ts';
import { writeFiles } from './provider-files.ts';
import { answerSettle } from './perform-settle.ts';
import { backoffRows, batchMembers, pendingRows, planWindow, sharedRows } from './slices.ts';
import { isForeign } from './foreign-batches.ts';
import {
  freshId,
  lineBytes,
  type ProviderBatch,
  randomFate,
  hasFailure,
  type World,
} from './world.ts';

/** Acts out one effect: changes the world, and returns its answer. */
export const perform = (world: World, effect: Effect, moment: Moment): Answer => {
  landLate(world);
  if (isOutside(effect) && hasFailure(world, 0.06))
    return fault(effect, oneOf(world.dice, faultsOf(effect)));
  switch (effect.type) {
    case 'IngestSlice':
      return ingest(world, effect);
    case 'PlanBatch': {
      const newBatchKey = freshId(world, 'k') as BatchKey;
      const others = othersOf(world);
      return ({ rows, snapshot, atMs }) => ({
        type: 'PlanBatch',
        others,
        atMs,
        newBatchKey,
        window: planWindow(rows, snapshot.backlog.generation, effect.rowsMax),
      });
    }
    case 'AdoptBatch': {
      const newBatchKey = freshId(world, 'k') as BatchKey;
      return ({ rows, snapshot, atMs }) => ({
        type: 'AdoptBatch',
        atMs,
        newBatchKey,
        window: planWindow(rows, snapshot.backlog.generation, effect.rowsMax),
      });
    }
    case 'UploadBatch': {
      if (hasFailure(world, 0.04))
        return inputRefused(world, effect, batchMembers(moment.rows, effect.batchNo));
      const inputFileId = freshId(world, 'file-');
      world.files[inputFileId] = {
        batchKey: effect.batchKey,
        batchNo: effect.batchNo,
        indexes: batchMembers(moment.rows, effect.batchNo),
      };
      if (hasFailure(world, 0.4)) world.unreadable.push(inputFileId);
      // About the margin of a day: some are near their end at once, some soon.
      const expiresIn = withProbability(world.dice, 0.15)
        ? between(world.dice, 86_380_000, 86_500_000)
        : null;
      return ({ atMs }) => ({
        type: 'RecordUpload',
        atMs,
        batchKey: effect.batchKey,
        createAttempt: effect.createAttempt,
        inputFileId,
        expiresAtMs: expiresIn === null || world.isFair ? null : atMs + expiresIn,
      });
    }
    case 'BeginCreate': {
      const newestBatchId = isInline(moment.snapshot.config)
        ? (world.batches.findLast(({ hiddenPolls }) => hiddenPolls === 0)?.providerBatchId ?? null)
        : null;
      return ({ atMs }) => ({
        type: 'BeginCreate',
        atMs,
        batchKey: effect.batchKey,
        newestBatchId,
      });
    }
    case 'CreateBatch':
      return create(world, effect, moment);
    case 'ReplanBatch':
      return ({ atMs }) => ({ type: 'ReplanBatch', atMs, batchKey: effect.batchKey });
    case 'SweepBatches':
      return listing(world, effect, moment);
    case 'FenceCreate':
      delete world.files[effect.inputFileId];
      return ({ atMs }) => ({
        type: 'RecordFenced',
        atMs,
        batchKey: effect.batchKey,
        createAttempt: effect.createAttempt,
      });
    case 'DeleteFile':
      if (moment.snapshot.live.some(({ inputFileId }) => inputFileId === effect.fileId))
        world.crimes.push(`file ${effect.fileId} is deleted, and a batch needs it`);
      delete world.files[effect.fileId];
      return ({ atMs }) => ({ type: 'RecordFileDeleted', atMs, fileId: effect.fileId });
    case 'CompactFile':
      return ({ atMs }) => ({ type: 'RecordCompacted', atMs, object: effect.object });
    case 'CancelStray': {
      const { providerBatchId } = effect;
      if (isForeign(world, providerBatchId))
        world.crimes.push(
          `${providerBatchId} was created elsewhere, and is cancelled as a duplicate`,
        );
      const batch = world.batches.find(
        (candidate) => candidate.providerBatchId === providerBatchId,
      );
      if (batch !== undefined) batch.isCancelAsked = true;
      return ({ atMs }) => ({ type: 'RecordStrayCancelled', atMs, providerBatchId });
    }
    case 'PollStrays': {
      const asked = effect.batches.map(({ providerBatchId }) => providerBatchId);
      const observations = observed(world, effect.batches);
      return ({ atMs }) => ({ type: 'RecordStrays', atMs, asked, observations });
    }
    case 'PollBatches':
      return poll(world, effect);
    case 'CancelBatch': {
      if (
        isForeign(world, effect.providerBatchId) &&
        moment.snapshot.control.state !== 'cancel_requested'
      )
        world.crimes.push(`${effect.providerBatchId} was created elsewhere, and is cancelled`);
      const batch = world.batches.find(
        (candidate) => candidate.providerBatchId === effect.providerBatchId,
      );
      if (batch !== undefined) batch.isCancelAsked = true;
      return ({ atMs }) => ({ type: 'RecordCancelAsked', atMs, batchKey: effect.batchKey });
    }
    case 'StoreFiles': {
      const files = theBatch(world, effect.batchKey, moment)?.files;
      const stored = (
        part: 'output' | 'error',
        isThere: boolean,
      ): { readonly object: string; readonly bytes: number } | null =>
        isThere
          ? {
              object: `raw/${effect.batchKey}/${part}`,
              bytes: (files?.[part]?.length ?? 0) * lineBytes,
            }
          : null;
      // Unreadable now and then, as a whole.
      const census = hasFailure(world, 0.05)
        ? pageCensus(effect)
        : censusOf(theBatch(world, effect.batchKey, moment)?.indexes ?? [], files ?? null, effect);
      return ({ atMs }) => ({
        type: 'RecordFiles',
        atMs,
        batchKey: effect.batchKey,
        output: stored('output', effect.outputFileId !== null),
        error: stored('error', effect.errorFileId !== null),
        census,
      });
    }
    case 'SettleSlice':
      return answerSettle(
        theBatch(world, effect.batchKey, moment)?.files ?? null,
        effect,
        between(world.dice, 1, 4),
      );
    case 'RequeueRows': {
      const rowsMax = between(world.dice, 1, 4);
      return ({ rows, atMs }) => ({
        type: 'RequeueRows',
        atMs,
        dueAtMs: effect.dueAtMs,
        rows: backoffRows(rows, effect.dueAtMs, rowsMax),
      });
    }
    case 'FailPending': {
      const rowsMax = between(world.dice, 1, 8);
      return ({ rows, snapshot, atMs }) => ({
        type: 'FailPending',
        atMs,
        generation: snapshot.backlog.generation,
        rows: pendingRows(rows, rowsMax),
      });
    }
    case 'DropBatch':
      return ({ atMs }) => ({ type: 'DropBatch', atMs, batchKey: effect.batchKey });
    case 'SettleShared': {
      const rowsMax = between(world.dice, 1, 4);
      return ({ rows, snapshot, atMs }) => ({
        type: 'SettleShared',
        atMs,
        from: effect.from,
        rows: sharedRows(rows, effect.from, rowsMax, snapshot.resultSequence),
      });
    }
  }
};

/** Other runs of the scope come and go; in a fair world they are gone. */
const othersOf = (world: World): OthersUse =>
  hasFailure(world, 0.15)
    ? {
        tokens: between(world.dice, 0, 40),
        requests: between(world.dice, 0, 5),
        wants: hasFailure(world, 0.4)
          ? [
              {
                tokens: between(world.dice, 0, 30),
                requests: between(world.dice, 0, 4),
                sinceMs: 1_700_000_000_000 + between(world.dice, 0, 100_000),
                untilMs: 1_700_000_000_000 + between(world.dice, 0, 200_000),
              },
            ]
          : [],
        stated: hasFailure(world, 0.3)
          ? { tokensMax: between(world.dice, 20, 100), requestsMax: null, atMs: 1_700_000_000_000 }
          : null,
      }
    : { tokens: 0, requests: 0, stated: null, wants: [] };

/** The one that the run knows, of all that carry the key. */
const theBatch = (
  world: World,
  batchKey: BatchKey,
  { snapshot }: Moment,
): ProviderBatch | undefined => {
  const id = snapshot.live.find((batch) => batch.batchKey === batchKey)?.providerBatchId;
  return world.batches.find(({ providerBatchId }) => providerBatchId === id);
};

/** True when the provider or the source answers it. A create has errors of its own. */
const isOutside = (effect: Effect): boolean =>
  ![
    'PlanBatch',
    'AdoptBatch',
    'BeginCreate',
    'ReplanBatch',
    'CreateBatch',
    'DropBatch',
    'FailPending',
    'SettleShared',
  ].includes(effect.type);

const faultsOf = (effect: Effect): readonly FaultKind[] =>
  effect.type === 'IngestSlice'
    ? ['transient', 'transient', 'source_unreadable']
    : [
        'transient',
        'transient',
        'transient',
        'refused',
        'refused',
        'authentication_failed',
        'insufficient_quota',
      ];

const fault = (effect: Effect, kind: FaultKind): Answer => {
  return ({ atMs }) => ({
    type: 'RecordFault',
    atMs,
    key: effectKey(effect),
    fault: kind,
    message: `${effect.type}: ${kind}`,
    retryAfterMs: null,
  });
};

const ingest = (
  world: World,
  effect: Extract<Effect, { readonly type: 'IngestSlice' }>,
): Answer => {
  if (hasFailure(world, 0.03))
    return ({ atMs }) => ({ type: 'RejectRow', atMs, message: 'a row without an id' });
  const from = effect.checkpoint?.nextIndex ?? 0;
  const entries = world.entries.slice(from, from + between(world.dice, 1, 8));
  const nextIndex = from + entries.length;
  const checkpoint = {
    nextIndex,
    position: nextIndex,
    beforeLastPosition: nextIndex === 0 ? null : nextIndex - 1,
  };
  // The end of a source is seen with its last slice, or only behind it.
  const isLast =
    nextIndex === world.entries.length &&
    (entries.length === 0 || withProbability(world.dice, 0.5));
  if (entries.length === 0)
    return ({ atMs }) => ({ type: 'AcceptSlice', atMs, slice: null, checkpoint, isLast });
  const slice: CommandOf<'AcceptSlice'>['slice'] = {
    fromIndex: effect.fromIndex,
    itemIds: entries.map((_, i) => `item-${from + i}`),
    requestObject: entries.every((entry) => entry.isBad || entry.sameAs !== null)
      ? null
      : `request/${from}`,
    itemObject: `item/${from}`,
    requestLengths: entries.map((entry) => entry.bytes),
    itemLengths: entries.map(() => 5),
    tokens: entries.map((entry) => entry.tokens),
    areTokensExact: true,
    inputs: null,
    badOffsets: entries.flatMap((entry, offset) => (entry.isBad ? [offset] : [])),
    sameAs: entries.some((entry) => entry.sameAs !== null)
      ? entries.map((entry) => (entry.sameAs === null ? 0 : entry.sameAs + 1))
      : null,
    sharedTokens: entries.filter((entry) => entry.sameAs !== null).length,
  };
  return ({ atMs }) => ({ type: 'AcceptSlice', atMs, slice, checkpoint, isLast });
};

/** The file is too large for the service, or one of its lines is refused. */
const inputRefused = (
  world: World,
  { batchKey, createAttempt }: { readonly batchKey: BatchKey; readonly createAttempt: number },
  members: readonly number[],
): Answer => {
  const isTooLarge = withProbability(world.dice, 0.5);
  const isAlone = members.length === 1;
  const line = isAlone ? 1 : between(world.dice, 1, Math.max(1, members.length));
  const code = oneOf(world.dice, ['invalid_line', 'no_such_thing', null]);
  const said =
    isTooLarge && !isAlone ? [] : [{ line, code, message: 'No.', param: null, failureClass: null }];
  const statedBytesMax = isTooLarge ? oneOf(world.dice, [null, between(world.dice, 1, 500)]) : null;
  const indexes = said.map(() => members[line - 1] ?? 0);
  return ({ atMs }) => ({
    ...{
      type: 'RecordInputRefused',
      atMs,
      batchKey,
      createAttempt,
      message: 'refused',
      isTooLarge,
      statedBytesMax,
      said,
      indexes,
    },
  });
};

const create = (
  world: World,
  effect: Extract<Effect, { readonly type: 'CreateBatch' }>,
  { rows }: Moment,
): Answer => {
  const { batchKey, batchNo, createAttempt } = effect;
  // Lines that the create carries are as a file that nothing deletes.
  const isFenced = effect.inputFileId !== null;
  const inputFileId = effect.inputFileId ?? `lines of ${batchKey} ${createAttempt}`;
  if (!isFenced)
    world.files[inputFileId] = { batchKey, batchNo, indexes: batchMembers(rows, batchNo) };
  if (hasFailure(world, 0.04))
    return inputRefused(world, effect, world.files[inputFileId]?.indexes ?? []);
  if (hasFailure(world, 0.15)) {
    const type = oneOf(world.dice, [
      'rate_limited',
      'over_capacity',
      'insufficient_quota',
      'authentication_failed',
      'refused',
      'refused',
      'unreachable',
    ] as const);
    const retryAfterMs = type === 'rate_limited' ? 3_000 : null;
    const statedTokensMax =
      type === 'over_capacity' ? oneOf(world.dice, [null, between(world.dice, 20, 100)]) : null;
    return ({ atMs }) => ({
      type: 'RecordCreateRefused',
      atMs,
      batchKey,
      createAttempt,
      refusal: { type, message: type, retryAfterMs, statedTokensMax, statedRequestsMax: null },
    });
  }
  const unconfirmed: Answer = ({ atMs }) => ({
    type: 'RecordCreateUnclear',
    atMs,
    batchKey,
    createAttempt,
    message: 'the connection broke',
  });
  const file = world.files[inputFileId];
  if (file?.batchKey !== batchKey)
    world.crimes.push(`create of ${batchKey} names the file of ${file?.batchKey ?? 'no batch'}`);
  const make = (): ProviderBatch => ({
    batchKey,
    createAttempt,
    inputFileId,
    providerBatchId: freshId(world, 'batch_') as ProviderBatchId,
    batchNo: file?.batchNo ?? 0,
    isDoubled: false,
    indexes: file?.indexes ?? [],
    fate: randomFate(world),
    isBlessed: world.isFair,
    pollsLeft: world.isFair ? 1 : between(world.dice, 0, 12),
    // Without a fence two silent lists are all the proof there is.
    hiddenPolls: world.isFair ? 0 : between(world.dice, 0, isFenced ? 2 : 1),
    isCancelAsked: false,
    isStuck: hasFailure(world, 0.1),
    isGivenUp: false,
    files: null,
  });
  if (world.losesCreates && hasFailure(world, 0.15)) {
    if (withProbability(world.dice, 0.6) && isFenced)
      world.late.push({ ...make(), hiddenPolls: 0 });
    return unconfirmed;
  }
  const batch = make();
  land(world, batch);
  const { providerBatchId } = batch;
  if (hasFailure(world, 0.15)) {
    // What loses an answer on its way may well be what sends a request twice.
    if (withProbability(world.dice, 0.3))
      world.batches.push({
        ...batch,
        isDoubled: true,
        providerBatchId: freshId(world, 'batch_') as ProviderBatchId,
      });
    return unconfirmed;
  }
  return ({ atMs }) => ({
    type: 'RecordCreated',
    atMs,
    batchKey,
    createAttempt,
    providerBatchId,
    providerStatus: 'validating',
  });
};

const land = (world: World, batch: ProviderBatch): void => {
  const { batchKey, createAttempt } = batch;
  for (const other of world.batches) {
    if (other.isDoubled) continue;
    if (other.batchKey === batchKey && other.createAttempt === createAttempt)
      world.crimes.push(`attempt ${createAttempt} of ${batchKey} was sent twice`);
    if (
      other.files === null &&
      !other.isGivenUp &&
      other.indexes.some((index) => batch.indexes.includes(index))
    )
      world.crimes.push(`${batchKey} buys rows that ${other.batchKey} is working on`);
  }
  world.batches.push(batch);
};

/**
 * A create that was on its way comes through, at any moment: where its file is gone, it fails, and
 * is not billed.
 */
const landLate = (world: World): void => {
  if (world.late.length === 0 || !withProbability(world.dice, world.isFair ? 0.5 : 0.05)) return;
  const batch = world.late.shift();
  if (batch === undefined) return;
  if (world.files[batch.inputFileId] !== undefined) land(world, batch);
  else
    world.batches.push({
      ...batch,
      fate: 'other',
      indexes: [],
      pollsLeft: 0,
      files: { output: null, error: null },
    });
};

const listing = (
  world: World,
  effect: Extract<Effect, { readonly type: 'SweepBatches' }>,
  { atMs: readFromMs, snapshot }: Moment,
): Answer => {
  const isAnonymous = traitsOf(snapshot.config).correlates === 'answers';
  const isAsked = (batch: ProviderBatch): boolean =>
    isAnonymous ||
    effect.creates.some(
      ({ batchKey, inputFileId }) =>
        batchKey === batch.batchKey || inputFileId === batch.inputFileId,
    );
  const asked = world.batches.filter(isAsked);
  // A batch comes to its end though no run polls it.
  if (isAnonymous) for (const batch of asked) observe(world, batch);
  const undecided = asked
    .filter((batch) => batch.hiddenPolls === 0 && !effect.known.includes(batch.providerBatchId))
    .map((batch): UndecidedBatch => ({
      providerBatchId: batch.providerBatchId,
      providerStatus: 'in_progress',
      createdAtMs: null,
      requests: batch.indexes.length,
      ending: batch.files === null ? null : endingOf(batch).type,
      customId:
        batch.files === null
          ? null
          : `r${snapshot.config.customIds?.nonce ?? ''}-${batch.indexes[0] ?? 0}_${stampOf(batch.batchNo, batch.createAttempt)}`,
    }));
  const found = asked
    .filter((batch) => batch.hiddenPolls === 0 && !isAnonymous)
    .map((batch): SweptBatch => ({
      batchKey: batch.batchKey,
      createAttempt: batch.createAttempt,
      inputFileId: batch.inputFileId,
      providerBatchId: batch.providerBatchId,
      providerStatus: 'in_progress',
      createdAtMs: null,
      ending: batch.files === null ? null : endingOf(batch).type,
    }));
  for (const batch of asked) batch.hiddenPolls = Math.max(0, batch.hiddenPolls - 1);
  const files = effect.creates.flatMap(({ inputFileId }) =>
    inputFileId === null ||
    world.files[inputFileId] === undefined ||
    (world.unreadable.includes(inputFileId) && !world.isFair)
      ? []
      : [{ inputFileId, createdAtMs: 1_000 }],
  );
  const readBackToMs = hasFailure(world, 0.05)
    ? 2_000
    : withProbability(world.dice, 0.5)
      ? 500
      : null;
  const shown = effect.known.filter((id) =>
    world.batches.some(({ providerBatchId }) => providerBatchId === id),
  );
  // A list that is empty though batches are there; without any, it is as it should be.
  const isLie = shown.length > 0 && hasFailure(world, 0.3);
  const listed = isLie
    ? { found: [], shown: [], isRunSeen: false }
    : { found, shown, isRunSeen: world.batches.length > 0, undecided };
  const report = { ...listed, files, readBackToMs: isLie ? null : readBackToMs };
  return ({ atMs }) => ({
    type: 'RecordSweep',
    atMs,
    readFromMs,
    asked: effect.creates,
    known: effect.known,
    report,
  });
};

const observed = (
  world: World,
  batches: readonly { readonly batchKey: BatchKey; readonly providerBatchId: ProviderBatchId }[],
): readonly BatchObservation[] =>
  batches.flatMap(({ batchKey, providerBatchId }) => {
    const batch = world.batches.find((candidate) => candidate.providerBatchId === providerBatchId);
    return batch === undefined || hasFailure(world, 0.05)
      ? []
      : [{ ...observe(world, batch), batchKey }];
  });

const poll = (world: World, effect: Extract<Effect, { readonly type: 'PollBatches' }>): Answer => {
  const observations = observed(world, effect.batches);
  return ({ atMs }) => ({
    type: 'RecordPoll',
    atMs,
    asked: effect.batches.map((batch) => batch.batchKey),
    observations,
  });
};

const observe = (world: World, batch: ProviderBatch): BatchObservation => {
  const { batchKey, providerBatchId, indexes } = batch;
  const total = indexes.length;
  const isStuck = batch.isStuck && !world.isFair;
  if ((isStuck || (batch.pollsLeft > 0 && !batch.isCancelAsked)) && batch.files === null) {
    batch.pollsLeft = Math.max(0, batch.pollsLeft - 1);
    const isAccepted = world.isFair || batch.pollsLeft % 4 !== 3;
    const completed = Math.min(total, Math.floor(total / (batch.pollsLeft + 1)));
    return {
      batchKey,
      providerBatchId,
      providerStatus: isAccepted ? 'in_progress' : 'validating',
      isAccepted,
      progress: { total, completed, failed: 0 },
      ending: null,
      // Created and expired in 2020, long before any history begins.
      ...(isStuck ? { createdAtMs: 1_577_836_800_001, expiresAtMs: 1_577_836_800_002 } : {}),
    };
  }
  const { type, rejection } = endingOf(batch);
  if (type === 'given_up') throw new Error('a provider gives no batch up');
  batch.files ??= writeFiles(world, {
    ...batch,
    fate: rejection?.type ?? (type === 'rejected' ? 'other' : type),
  });
  return {
    batchKey,
    providerBatchId,
    providerStatus: type === 'rejected' ? 'failed' : type,
    isAccepted: type !== 'rejected',
    progress: {
      total,
      completed: batch.files?.output?.length ?? 0,
      failed: batch.files?.error?.length ?? 0,
    },
    ending: {
      type,
      outputFileId: batch.files?.output ? `out-${providerBatchId}` : null,
      errorFileId: batch.files?.error ? `err-${providerBatchId}` : null,
      rejection,
    },
  };
};

/**
 * What an operator does who waits no longer for the batch; with its files, those answers are there
 * by then that it would have had at its expiry.
 */
export const abandon = (
  world: World,
  { batchKey, providerBatchId }: LiveBatch,
  takesFiles: boolean,
): Resolution | null => {
  const batch = world.batches.find((candidate) => candidate.providerBatchId === providerBatchId);
  if (batch === undefined || providerBatchId === null) return null;
  if (!takesFiles) return { type: 'give_up' };
  batch.files ??= writeFiles(world, { ...batch, fate: 'expired' });
  const named = {
    outputFileId: batch.files?.output ? `out-${providerBatchId}` : null,
    errorFileId: batch.files?.error ? `err-${providerBatchId}` : null,
  };
  const plain = {
    batchKey,
    providerBatchId,
    providerStatus: 'in_progress',
    isAccepted: true,
    progress: null,
    ending: null,
  };
  return { type: 'take_files', found: { ...plain, named } };
};

/** How the batch ends, or has ended. */
const endingOf = ({
  fate,
  isCancelAsked,
}: ProviderBatch): Pick<BatchEnding, 'type' | 'rejection'> => {
  const ended = fate === 'completed' && isCancelAsked ? 'cancelled' : fate;
  if (ended === 'completed' || ended === 'expired' || ended === 'cancelled')
    return { type: ended, rejection: null };
  return {
    type: 'rejected',
    rejection: {
      type: ended,
      message: ended,
      lines: ended === 'invalid_lines' ? [1, 3] : [],
      said:
        ended === 'invalid_lines'
          ? [1, 3].map((line) => ({
              line,
              code: 'invalid_request',
              message: 'No.',
              param: null,
              failureClass: null,
            }))
          : [],
      statedTokensMax: null,
      statedRequestsMax: null,
      statedBytesMax: null,
    },
  };
};
