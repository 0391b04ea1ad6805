import type { Command, CreateRefusal, FaultKind } from '../core/model/command.ts';
import { type Effect, effectKey } from '../core/model/effect.ts';
import type { EffectKey } from '../core/values/ids.ts';
import type { PortError } from '../ports/port-error.ts';
import { inputRefusalIn, inputRefusedCommand } from './submit/input-refused.ts';

/**
 * Thrown by the engine's stream when the store failed or the run has another owner: this process
 * decides nothing more.
 */
export class EngineFailure extends Error {
  override readonly name = 'EngineFailure';
  readonly error: PortError;
  constructor(error: PortError) {
    super(messageOf(error));
    this.error = error;
  }
}

/** The error as one line of text. */
export const messageOf = (error: PortError): string => {
  switch (error.type) {
    case 'stale_version':
      return `another process committed first: expected version ${error.expected}, found ${error.found}`;
    case 'owned_elsewhere':
      return `owned by ${error.owner}`;
    case 'lease_lost':
      return `taken over by ${error.owner ?? 'another process'}`;
    default:
      return error.message;
  }
};

/**
 * The command that answers an effect which a port could not perform, as batchor's own engine
 * answers it. A wrong key pauses the run, a definite refusal counts, an unreachable provider is
 * waited for.
 * For `CreateBatch` a refusal is `RecordCreateRefused`, and everything else `RecordCreateUnclear`:
 * the batch may exist. Null where the run's own store failed: nothing can be recorded then.
 */
export const commandOfError = (effect: Effect, error: PortError, atMs: number): Command | null => {
  const input = inputRefusalIn(error);
  if (input !== null && (effect.type === 'UploadBatch' || effect.type === 'CreateBatch'))
    return inputRefusedCommand(effect, { message: messageOf(error) }, input, atMs);
  const fault = faultCommand(effectKey(effect), error, atMs);
  if (fault === null || effect.type !== 'CreateBatch') return fault;
  const { batchKey, createAttempt } = effect;
  const refusal = createRefusal(error);
  return refusal === null
    ? { type: 'RecordCreateUnclear', atMs, batchKey, createAttempt, message: messageOf(error) }
    : { type: 'RecordCreateRefused', atMs, batchKey, createAttempt, refusal };
};

/** The command that records a provider or source error; null for an error of our own store. */
export const faultCommand = (key: EffectKey, error: PortError, atMs: number): Command | null => {
  const kind = faultKind(error);
  return kind === null
    ? null
    : {
        type: 'RecordFault',
        atMs,
        key,
        fault: kind,
        message: messageOf(error),
        retryAfterMs: error.type === 'transient' ? error.retryAfterMs : null,
      };
};

const faultKind = (error: PortError): FaultKind | null => {
  switch (error.type) {
    case 'transient':
    case 'unclear':
    case 'over_capacity':
    case 'quota_taken':
    case 'not_ready':
      return 'transient';
    case 'refused':
    case 'not_found':
      return 'refused';
    case 'insufficient_quota':
    case 'authentication_failed':
      return error.type;
    case 'stale_version':
    case 'owned_elsewhere':
    case 'lease_lost':
    case 'corrupt':
    case 'too_new':
    case 'other_root':
    case 'unavailable':
      return null;
  }
};

/**
 * Reports corrupt stored bytes as a refusal: the batch that needs them is tried a few times, then
 * held with the reason, and the other batches continue. Any other error is returned unchanged.
 */
export const payloadRefusal = (error: PortError): PortError =>
  error.type === 'corrupt'
    ? { type: 'refused', message: error.message, statusCode: null, requestId: null }
    : error;

/** The refusal of a create; null when the answer is none. */
export const createRefusal = (error: PortError): CreateRefusal | null => {
  const base = {
    message: messageOf(error),
    retryAfterMs: null,
    statedTokensMax: null,
    statedRequestsMax: null,
  };
  switch (error.type) {
    case 'transient':
      return { ...base, type: 'unreachable', retryAfterMs: error.retryAfterMs };
    case 'over_capacity':
      return {
        ...base,
        type: 'over_capacity',
        statedTokensMax: error.statedTokensMax,
        statedRequestsMax: error.statedRequestsMax,
      };
    case 'insufficient_quota':
    case 'authentication_failed':
      return { ...base, type: error.type };
    case 'not_found':
      return { ...base, type: 'input_missing' };
    case 'not_ready':
      return { ...base, type: 'input_pending' };
    case 'refused':
      return { ...base, type: 'refused' };
    default:
      return null;
  }
};
