import * as t from 'io-ts';
import {
  type BatchEnding,
  batchEndings,
  noProviderTimes,
  type Overdue,
  overdueReasons,
  type ProviderTimes,
} from '../model/batch.ts';
import { closed, later, laterOrNull, NonNegative } from '../json/codec-parts.ts';
import { named, oneOf, orNull } from '../json/codec-primitives.ts';
import type { BatchKey, ProviderBatchId } from '../values/ids.ts';
import { Rejected } from './refusal-codec.ts';

/** What is stored of how batches end, or do not. */

export const Progress = orNull(
  closed('Progress', { total: NonNegative, completed: NonNegative, failed: NonNegative }),
);
export const Ending: t.Type<BatchEnding, unknown> = closed('BatchEnding', {
  type: oneOf('an ending', batchEndings),
  outputFileId: orNull(t.string),
  errorFileId: orNull(t.string),
  rejection: orNull(Rejected),
});
export const OverdueType: t.Type<Overdue | null, unknown> = orNull(
  closed('Overdue', { reason: oneOf('a reason', overdueReasons), sinceMs: t.number }),
);
export const Times: t.Type<ProviderTimes, unknown> = later(
  closed('ProviderTimes', { createdAtMs: orNull(t.number), expiresAtMs: orNull(t.number) }),
  noProviderTimes,
);

/** Of the event `BatchEnded`; an earlier release did not record them. */
export const EndTimes = laterOrNull(
  closed('EndTimes', {
    createdAtMs: t.number,
    endedAtMs: t.number,
    isOld: later(t.boolean, false),
  }),
);

const atProvider = {
  batchKey: named<BatchKey>('a batch key'),
  providerBatchId: orNull(named<ProviderBatchId>('a provider batch id')),
  providerStatus: t.string,
};
/** Of the events `BatchOverdue` and `BatchGivenUp`. */
export const overdueProps = { ...atProvider, createdAtMs: orNull(t.number), overdue: OverdueType };
export const givenUpProps = {
  ...atProvider,
  progress: Progress,
  ending: Ending,
  rows: NonNegative,
  by: orNull(oneOf('who gave it up', ['operator'] as const)),
};
