import type { BatchRecord } from './batch-record.ts';
import { customIdsAt } from './custom-id-at.ts';
import { fullQueueMessage, queueLimitMessage } from './queue-limits.ts';
import { missingFileNoticedMs } from './schedule.ts';
import { enter } from './states.ts';
import { validateInput, whole, type Validation } from './validate.ts';
import type { BatchErrorEntry } from './wire.ts';
import type { ProviderWorld } from './world.ts';

/**
 * Ends a batch's validation at `atMs`: in progress, or failed with the reasons. A missing file takes longer to be noticed, so
 * the batch may also stay in `validating` with a later time.
 */
export const finishValidation = async (
  world: ProviderWorld,
  batch: BatchRecord,
  live: readonly BatchRecord[],
  atMs: number,
): Promise<BatchRecord> => {
  const fail = (errors: readonly BatchErrorEntry[]): BatchRecord => ({ ...batch, life: enter(batch.life, 'failed', atMs), errors });
  const file = world.shelf.find(batch.inputFileId, atMs);
  if (file?.project !== batch.project) {
    const noticedMs = missingFileNoticedMs(batch.schedule, batch.createdMs);
    if (noticedMs > atMs && !batch.isFileMissed) {
      return { ...batch, isFileMissed: true, schedule: { ...batch.schedule, validatedMs: noticedMs } };
    }
    return fail([whole('invalid_request', `Cannot find file ${batch.inputFileId}, or your organization does not have access to it.`)]);
  }
  world.shelf.hold(file);
  const validation = await validateInput(world.blobs.read(file.blobKey), batch.endpoint, world.limits);
  const errors = await namedById(world, batch, file.blobKey, errorsOf(world, batch, live, validation));
  if (errors.length > 0) {
    await world.shelf.release(file);
    return { ...fail(errors), model: validation.model };
  }
  world.book.accepted(validation.requestCount);
  return {
    ...batch,
    life: enter(batch.life, 'in_progress', atMs),
    model: validation.model,
    tokens: validation.tokens,
    input: file,
    counts: { total: validation.requestCount, completed: 0, failed: 0 },
  };
};

const errorsOf = (
  world: ProviderWorld,
  batch: BatchRecord,
  live: readonly BatchRecord[],
  validation: Validation,
): readonly BatchErrorEntry[] => {
  if (validation.errors.length > 0) return validation.errors;
  const model = validation.model ?? 'the model';
  const scripted = world.desk.mark('validation_fails', batch.ordinal);
  if (scripted !== null) {
    const { param = null } = scripted;
    const message =
      scripted.message !== undefined
        ? scripted.message
        : scripted.code === 'token_limit_exceeded'
          ? queueLimitMessage(model, world.queue)
          : `The batch was refused: ${scripted.code}.`;
    const lines = scripted.lines ?? [];
    const remark = scripted.remark === undefined ? [] : [whole('batch_invalid', scripted.remark)];
    if (lines.length === 0) return [whole(scripted.code, message, param), ...remark];
    return [...lines.map((line) => ({ code: scripted.code, message, param, line })), ...remark];
  }
  const inTurn = world.desk.mark('validation_names_lines', batch.ordinal);
  if (inTurn !== null && batch.ordinal <= (inTurn.batches ?? Infinity)) {
    const code = inTurn.codes[(batch.ordinal - 1) % inTurn.codes.length] ?? 'invalid_request';
    return [{ code, message: `The batch was refused: ${code}.`, param: null, line: Math.min(batch.ordinal, validation.requestCount) }];
  }
  const full = fullQueueMessage(world.queue, validation, live);
  return full === null ? [] : [whole('token_limit_exceeded', full)];
};

/** Entries of a service that names requests by their ids, and no lines. */
const namedById = async (
  world: ProviderWorld,
  { ordinal }: BatchRecord,
  blobKey: string,
  errors: readonly BatchErrorEntry[],
): Promise<readonly BatchErrorEntry[]> => {
  const lines = errors.flatMap(({ line }) => (line === null ? [] : [line]));
  if (lines.length === 0 || world.desk.mark('validation_fails', ordinal)?.byId !== true) return errors;
  const ids = await customIdsAt(world, blobKey, lines);
  return errors.map((entry) => {
    const customId = entry.line === null ? null : (ids[lines.indexOf(entry.line)] ?? null);
    return customId === null ? entry : { ...entry, message: `Request '${customId}': ${entry.message}`, line: null };
  });
};
