import * as t from 'io-ts';
import { type BatchRecord, batchRecordStates } from '../model/batch-record.ts';
import { ColumnType, Ending, Files, named, oneOf, orNull, Usage } from './codec.ts';
import { closed, NonNegative } from '../json/codec-parts.ts';
import type { BatchKey, ProviderBatchId } from '../values/ids.ts';

/** The record that is kept of a batch, with its row indexes. */
export const BatchRecordCodec: t.Type<BatchRecord, unknown> = closed('BatchRecord', {
  batchNo: NonNegative,
  batchKey: named<BatchKey>('a batch key'),
  requests: NonNegative,
  state: oneOf('a state', batchRecordStates),
  indexes: ColumnType,
  createAttempt: NonNegative,
  inputFileId: orNull(t.string),
  providerBatchId: orNull(named<ProviderBatchId>('a provider batch id')),
  providerStatus: orNull(t.string),
  ending: orNull(Ending),
  files: Files,
  inputTokens: NonNegative,
  usage: Usage,
  completedCount: NonNegative,
  failedCount: NonNegative,
  retriedCount: NonNegative,
});
