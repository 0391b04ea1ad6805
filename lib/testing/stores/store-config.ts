import {
  defaultOperation,
  openaiTraits,
  type Operation,
  type RunConfig,
} from '../../core/internal.ts';

const limits = {
  requestsMax: 1_000,
  inputBytesMax: 100_000,
  inputTokensMax: null,
  inputsMax: null,
  createsPerHourMax: null,
};

/** What runs of the kit have otherwise than the defaults. */
export interface StoreRunSettings {
  readonly chunk?: Partial<Operation['chunk']>;
  readonly enqueue?: Partial<Operation['enqueue']>;
}

/** Pace and budgets of such a run: small batches, planned at once. */
export const storeOperation = ({ chunk, enqueue }: StoreRunSettings = {}): Operation => {
  const house = defaultOperation(limits);
  return {
    ...house,
    chunk: { ...house.chunk, requestsMax: 4, planAfterMs: 0, ...chunk },
    enqueue: { ...house.enqueue, ...enqueue },
    badRows: 'record',
  };
};

/** The config of a run that no engine drives: its commands are the kit's own. */
export const storeConfig = (settings: StoreRunSettings = {}): RunConfig => ({
  jobName: 'job',
  source: { kind: 'memory', ref: 'rows', fingerprint: 'f' },
  provider: {
    kind: 'fake',
    connection: 'default',
    model: 'model-1',
    endpoint: '/v1/chat/completions',
    completionWindow: '24h',
    params: { temperature: 0 },
  },
  prompt: null,
  structuredOutput: null,
  batchMetadata: {},
  customIds: null,
  takesWholeAnswers: true,
  traits: openaiTraits,
  adopted: [],
  limits,
  operation: storeOperation(settings),
});
