import {
  answerFormFaults,
  answersFaults,
  createPrng,
  createRefusals,
  type Fault,
  type Operation,
  operations,
  type Prng,
  type ServiceLimits,
  type ServiceShape,
  serviceShapes,
  uniform,
} from '../../../lib/sim/index.ts';
import type { ServiceTraits } from '../../../lib/core/internal.ts';
import { notProcessedWords } from '../../support/sim/file-words.ts';

const minuteMs = 60_000;

/**
 * One random small run and its failures, fixed by a seed. Every fault is finite, so that the world
 * heals by itself.
 */
export interface Scenario {
  readonly seed: number;
  /** What the service is like. */
  readonly shape: ServiceShape;
  readonly rowCount: number;
  /** Rows that repeat an earlier id, or have none. */
  readonly badRows: readonly number[];
  readonly badRowPolicy: 'fail' | 'record';
  /** Rows whose prompt cannot be built. */
  readonly throwingRows: readonly number[];
  /** Virtual time between two rows of the source; 0: they are all there. */
  readonly rowEveryMs: number;
  readonly maxRequests: number;
  readonly maxAttempts: number;
  /** Truncated answers are asked for once more. */
  readonly raiseOutputTokensTo: number | null;
  /** So many different prompts there are, and each is sent once; null: each row has its own. */
  readonly promptCount: number | null;
  readonly faults: readonly Fault[];
  readonly turnaroundMs: { readonly min: number; readonly max: number };
  readonly limits: Partial<ServiceLimits>;
  readonly enqueuedTokensMax: number | null;
  /** Longer than any list lags. */
  readonly createGraceMs: number;
  /** The job's own idea of that limit; null: it does not know. */
  readonly enqueuedTokenLimit: number | null;
  /** How a full queue shows. */
  readonly queue: { readonly isFullAt: 'validation' | 'create'; readonly isStated: boolean };
  /** What may be spent at first, at a dollar a token; null: whatever it costs. */
  readonly costUsdMax: number | null;
  /** Rows that are sent alone first; null: none. */
  readonly canary: number | null;
  /** Probability of a crash at each crash point while failures are injected. */
  readonly crashProbability: number;
  readonly actions: readonly Action[];
}

export type Action =
  | { readonly type: 'advance'; readonly ms: number }
  /** The machine's clock is set ahead, or back. */
  | { readonly type: 'set_clock'; readonly byMs: number }
  | { readonly type: 'pause' | 'resume' | 'cancel' | 'crash' | 'close' };

export interface Dice extends Prng {
  between(min: number, max: number): number;
  isDrawn(probability: number): boolean;
  oneOf<A>(values: readonly A[]): A;
}

export const diceOf = (seed: number): Dice => {
  const prng = createPrng(seed);
  return {
    ...prng,
    between: (min, max) => min + prng.below(max - min + 1),
    isDrawn: (probability) => prng.next() < probability,
    oneOf: (values) => {
      if (values.length === 0) throw new RangeError('one of nothing');
      return values[prng.below(values.length)] as (typeof values)[number];
    },
  };
};

/** The scenario of a seed: the same for ever, as far as this file stays as it is. */
export const scenarioOf = (seed: number, only: ServiceShape | null = null): Scenario => {
  const dice = diceOf(seed);
  const rowCount = dice.isDrawn(0.05)
    ? 0
    : dice.isDrawn(0.3)
      ? dice.between(1, 8)
      : dice.between(9, 300);
  const maxRequests = Math.max(1, Math.ceil(rowCount / dice.between(1, 12)));
  const someRows = (share: number): readonly number[] =>
    dice.isDrawn(share)
      ? Array.from({ length: 3 }, () => dice.below(rowCount + 1)).filter(
          (row) => row > 0 && row < rowCount,
        )
      : [];
  const isFull = dice.isDrawn(0.25);
  const shape = only ?? shapeOf(seed);
  const faults = Array.from({ length: dice.between(0, 6) }, () => faultOf(dice)).filter((fault) =>
    canBeProved(fault, serviceShapes[shape]),
  );
  return {
    seed,
    shape,
    rowCount,
    badRows: someRows(0.2),
    badRowPolicy: dice.oneOf(['fail', 'record']),
    throwingRows: someRows(0.1),
    rowEveryMs: dice.isDrawn(0.15) ? dice.between(1, 4_000) : 0,
    maxRequests,
    maxAttempts: dice.between(1, 4),
    faults,
    turnaroundMs: { min: minuteMs, max: dice.between(1, 20) * minuteMs },
    limits: { windowMs: 60 * minuteMs },
    createGraceMs: Math.max(...faults.map(silenceMs), 10 * minuteMs),
    enqueuedTokensMax: isFull ? dice.between(1_000, 4_000) : null,
    enqueuedTokenLimit: isFull && dice.isDrawn(0.5) ? dice.between(500, 4_000) : null,
    crashProbability: dice.isDrawn(0.5) ? dice.next() * 0.05 : 0,
    actions: Array.from({ length: dice.between(0, 8) }, () => actionOf(dice)),
    queue: {
      isFullAt: dice.oneOf(['validation', 'validation', 'create']),
      isStated: dice.isDrawn(0.6),
    },
    costUsdMax: dice.isDrawn(0.3) ? dice.between(200, 6_000) : null,
    canary: dice.isDrawn(0.25) ? dice.between(1, 20) : null,
    raiseOutputTokensTo: dice.isDrawn(0.4) ? dice.between(101, 400) : null,
    promptCount: dice.isDrawn(0.3) ? dice.between(1, Math.max(1, rowCount)) : null,
  };
};

/** Drawn beside the dice, so that a seed keeps its scenario in every shape. */
const shapeOf = (seed: number): ServiceShape =>
  shapes[Math.floor(uniform(seed, 'shape') * shapes.length)] ?? 'openai';
export const shapes = Object.keys(serviceShapes) as readonly ServiceShape[];

/** Where results say whose a batch is, results with the ids of another lie about it. */
const canBeProved = ({ type }: Fault, { correlates }: ServiceTraits): boolean =>
  !(correlates === 'answers' && (type === 'answers_of_another' || type === 'rows_unknown_id'));

/**
 * So long a list may be silent about a batch that has no other beside it: a grace has to be longer.
 */
const silenceMs = (fault: Fault): number =>
  fault.type === 'list_lags' || fault.type === 'list_lacks' || fault.type === 'list_empty'
    ? (fault.forMs ?? 0) + minuteMs
    : 0;

const actionOf = (dice: Dice): Action => {
  const type = dice.oneOf([
    'advance',
    'advance',
    'advance',
    'advance',
    'pause',
    'resume',
    'resume',
    'crash',
    'close',
    'cancel',
    'set_clock',
  ] as const);
  if (type === 'cancel' && dice.isDrawn(0.6)) return { type: 'resume' };
  if (type === 'set_clock')
    return { type, byMs: dice.oneOf([-1, 1]) * dice.oneOf([10 * minuteMs, 24 * 60 * minuteMs]) };
  return type === 'advance'
    ? { type, ms: dice.oneOf([1, 100, 5_000, minuteMs, 10 * minuteMs]) * dice.between(1, 5) }
    : { type };
};

const statusCodes: readonly number[] = [400, 401, 408, 409, 429, 500, 502, 503];

const faultOf = (dice: Dice): Fault => {
  const batch = dice.between(1, 6);
  const when = dice.isDrawn(0.7) ? { batch } : { probability: 0.5, times: dice.between(1, 3) };
  const forMs = dice.oneOf([5_000, minuteMs, 10 * minuteMs, 40 * minuteMs]);
  const outage = {
    times: dice.between(1, 6),
    ...(dice.isDrawn(0.6) ? { operation: dice.oneOf<Operation>(operations) } : {}),
    afterMs: dice.below(20) * minuteMs,
  };
  const ratio = dice.next();
  const faults: readonly (() => Fault)[] = [
    () => ({ type: 'lose_create_reply', ...when }),
    () => ({ type: 'drop_create', ...when }),
    () => ({ type: 'create_lands_late', forMs, ...when }),
    () => ({ type: 'create_doubled', ...when }),
    () => ({ type: 'upload_fails', statusCode: dice.oneOf(statusCodes), ...when }),
    () => ({ type: 'create_refused', reason: dice.oneOf(createRefusals), ...when }),
    () => ({
      type: 'truncated_download',
      keepRatio: dice.next() * 0.99,
      batch,
      times: dice.between(1, 3),
    }),
    () => ({
      type: 'download_encoded',
      encoding: dice.oneOf(['gzip', 'br', 'lzma']),
      batch,
      times: dice.between(1, 3),
    }),
    () => ({ type: dice.oneOf(['body_stalls', 'body_drips'] as const), ...outage }),
    () => ({ type: dice.oneOf(answersFaults), batch, times: dice.between(1, 6) }),
    () => ({ type: 'http_error', statusCode: dice.oneOf(statusCodes), ...outage }),
    () => ({ type: 'connection_lost', ...outage }),
    () => ({
      type: 'validation_fails',
      batch,
      code: dice.oneOf([
        'token_limit_exceeded',
        'insufficient_quota',
        'model_not_found',
        'invalid_json_line',
      ]),
    }),
    () => ({
      type: 'validation_fails',
      batch,
      code: 'invalid_request',
      lines: [1, dice.between(2, 9)],
    }),
    () => ({
      type: 'validation_fails',
      batch,
      code: 'invalid_request',
      lines: [dice.between(1, 9), 999_999],
      byId: dice.isDrawn(0.5),
    }),
    () => ({ type: 'validation_fails', batch, code: 'invalid_request', lines: [999_999] }),
    () => ({
      type: 'validation_names_lines',
      codes: ['bad_role', 'bad_input'].slice(0, dice.between(1, 2)),
      batches: dice.between(1, 9),
    }),
    () => ({ type: 'expires', batch, completedRatio: ratio }),
    () => ({ type: 'completes_without_files', batch }),
    () => ({ type: 'not_found_after_create', batch, forMs }),
    () => ({ type: 'slow_finalizing', batch, forMs }),
    () => ({
      type: 'never_ends',
      batch,
      at: dice.oneOf(['validating', 'in_progress', 'finalizing', 'cancelling'] as const),
      ignoresCancel: dice.isDrawn(0.3),
      namesFiles: dice.isDrawn(0.5),
    }),
    () => ({ type: 'status_shown_as', batch, as: dice.oneOf(['Completed', 'finalized', 'done']) }),
    () => ({ type: 'list_lags', batch, forMs }),
    () => ({ type: 'files_late', batch, forMs }),
    () => ({ type: 'cancelled_by_hand', batch, completedRatio: ratio }),
    () => ({
      type: 'rows_fail',
      batch,
      ratio,
      statusCode: dice.oneOf([400, 403, 408, 429, 500, 503]),
    }),
    () => ({
      type: 'rows_fail',
      batch,
      ratio,
      statusCode: 400,
      code: dice.oneOf([
        'content_filter',
        'context_length_exceeded',
        'insufficient_quota',
        'failed_to_download_image',
      ]),
      form: dice.oneOf(['openai', 'azure']),
    }),
    () => ({
      type: 'rows_end_with',
      batch,
      ratio,
      reason: dice.oneOf(['model_length', 'content_filter', 'error', 'pause_turn']),
    }),
    () => ({ type: 'create_answers_another', ...when }),
    () => ({ type: 'input_file_deleted', isSeenLate: dice.isDrawn(0.3), ...when }),
    () => ({
      type: 'cancel_refused',
      batch,
      times: dice.between(1, 6),
      statusCode: dice.oneOf([400, 500, 503]),
    }),
    () => ({ type: 'list_empty', afterMs: outage.afterMs, forMs }),
    () => ({ type: 'list_lacks', batch, afterMs: outage.afterMs, forMs }),
    () => ({ type: 'list_without_has_more' }),
    () => ({ type: 'list_refused', statusCode: 501, afterMs: outage.afterMs, forMs }),
    () => ({
      type: dice.oneOf(['list_refused', 'list_bare', 'list_page_empty'] as const),
      afterMs: outage.afterMs,
      forMs,
    }),
    () =>
      dice.oneOf<Fault>([
        {
          type: 'upload_refused',
          reason: dice.oneOf(['files_quota', 'storage_quota'] as const),
          ...when,
        },
        {
          type: 'line_refused',
          line: dice.between(1, 9),
          at: dice.oneOf(['upload', 'create'] as const),
          byId: dice.isDrawn(0.3),
          ...when,
        },
        {
          type: dice.oneOf(['file_not_processed', 'file_not_found_after_upload'] as const),
          batch,
          forMs,
        },
        { type: 'file_not_processed', batch, forMs, message: dice.oneOf(notProcessedWords) },
      ]),
    () => ({
      type: dice.oneOf([
        'counts_null',
        'times_iso',
        'error_file_empty',
        'error_file_blank',
      ] as const),
    }),
    ...rowFaults.map((type) => (): Fault => ({ type, batch, ratio })),
  ];
  return dice.oneOf(faults)();
};

const rowFaults = [
  'rows_missing',
  'rows_duplicated',
  'rows_malformed',
  'rows_unknown_id',
  'rows_truncated',
  'rows_refused',
  'rows_status_zero',
  'rows_timed_out',
  ...answerFormFaults,
] as const;
