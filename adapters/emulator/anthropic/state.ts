import type { BatchObject } from '../../../lib/sim/provider/index.ts';
import type { ResultType, SentBatch } from './result-line.ts';

/** What this service knows besides the fake provider. Ends with the emulator. */
export interface AnthropicState {
  /** By the fake's input file: a create may make two batches, or make one later. */
  readonly sent: Map<string, SentBatch>;
  /** Counts of batches that have ended, by their id. */
  readonly counted: Map<string, Readonly<Record<ResultType, number>>>;
  /** Deleted batches, by their id. */
  readonly deleted: Set<string>;
}

export const createState = (): AnthropicState => ({
  sent: new Map(),
  counted: new Map(),
  deleted: new Set(),
});

const nothingSent: SentBatch = { requests: 0, stamp: null, faults: new Map() };

export const sentBatchOf = (
  { sent }: AnthropicState,
  { input_file_id: fileId }: Pick<BatchObject, 'input_file_id'>,
): SentBatch => sent.get(fileId) ?? nothingSent;
