import type { BatchRecord } from './batch-record.ts';
import { customIdsAt } from './custom-id-at.ts';
import { fullQueueMessage, queueLimitMessage } from './queue-limits.ts';
import { missingFileNoticedMs } from './schedule.ts';
import { enter } from './states.ts';
import { validateInput, whole, type Validation } from './validate.ts';
import type { BatchErrorEntry } from './wire.ts';
import type { ProviderWorld } from './world.ts';

/**
 * Ends a batch's validation at `atMs`: in progress, or failed with the reasons. For a missing file
 * the batch may stay in `validating` until a later time, since that takes longer.
 */
export const finishValidation = async (
  world: ProviderWorld,
  batch: BatchRecord,
  live: readonly BatchRecord[],
  atMs: number,
): Promise<BatchRecord> => {
  const fail = (errors: readonly BatchErrorEntry[]): BatchRecord => ({
    ...batch,
    life: enter(batch.life, 'failed', atMs),
    errors,
  });
  const file = world.files.find(batch.inputFileId, atMs);
  if (file?.project !== batch.project) {
    const noticedMs = missingFileNoticedMs(batch.schedule, batch.createdMs);
    if (noticedMs > atMs && !batch.isFileMissed) {
      return {
        ...batch,
        isFileMissed: true,
        schedule: { ...batch.schedule, validatedMs: noticedMs },
      };
    }
    return fail([
      whole(
        'invalid_request',
        `Cannot find file ${batch.inputFileId}, or your organization does not have access to it.`,
      ),
    ]);
  }
  world.files.hold(file);
  const validation = await validateInput(
    world.blobs.read(file.blobKey),
    batch.endpoint,
    world.limits,
  );
  const errors = await namedById(
    world,
    batch,
    file.blobKey,
    errorsOf(world, batch, live, validation),
  );
  if (errors.length > 0) {
    await world.files.release(file);
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
  const scripted = world.faults.mark('validation_fails', batch.batchNo);
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
  const inTurn = world.faults.mark('validation_names_lines', batch.batchNo);
  if (inTurn !== null && batch.batchNo <= (inTurn.batches ?? Infinity)) {
    const code = inTurn.codes[(batch.batchNo - 1) % inTurn.codes.length] ?? 'invalid_request';
    return [
      {
        code,
        message: `The batch was refused: ${code}.`,
        param: null,
        line: Math.min(batch.batchNo, validation.requestCount),
      },
    ];
  }
  const full = fullQueueMessage(world.queue, validation, live);
  return full === null ? [] : [whole('token_limit_exceeded', full)];
};

/** Error entries of a service that names requests by their ids and not by lines. */
const namedById = async (
  world: ProviderWorld,
  { batchNo }: BatchRecord,
  blobKey: string,
  errors: readonly BatchErrorEntry[],
): Promise<readonly BatchErrorEntry[]> => {
  const lines = errors.flatMap(({ line }) => (line === null ? [] : [line]));
  if (lines.length === 0 || world.faults.mark('validation_fails', batchNo)?.byId !== true)
    return errors;
  const ids = await customIdsAt(world, blobKey, lines);
  return errors.map((entry) => {
    const customId = entry.line === null ? null : (ids[lines.indexOf(entry.line)] ?? null);
    return customId === null
      ? entry
      : { ...entry, message: `Request '${customId}': ${entry.message}`, line: null };
  });
};
