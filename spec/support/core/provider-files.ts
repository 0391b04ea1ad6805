import { codeOfFailure, type FailureClass } from '../../../lib/core/internal.ts';
import { withProbability, oneOf, weighted } from './dice.ts';
import type { Line, ProviderBatch, World } from './world.ts';

const lineFailures: readonly FailureClass[] = [
  'rate_limited',
  'server_error',
  'request_timeout',
  'malformed_result',
  'truncated',
  'invalid_json',
  'schema_mismatch',
  'invalid_request',
  'refusal',
];

const success = (index: number): Line => ({ kind: 'success', index, code: -1 });
const failure = (world: World, index: number): Line => ({
  kind: 'failure',
  index,
  code: codeOfFailure(
    withProbability(world.dice, 0.03) ? 'insufficient_quota' : oneOf(world.dice, lineFailures),
  ),
});

/**
 * The files that the batch leaves behind, as unkind as they come: shuffled, doubled, with holes and
 * strange lines.
 */
export const writeFiles = (world: World, batch: ProviderBatch): ProviderBatch['files'] => {
  const answered =
    batch.fate === 'completed'
      ? 1
      : batch.fate === 'expired' || batch.fate === 'cancelled'
        ? 0.5
        : 0;
  if (answered === 0) return { output: null, error: null };
  const output: Line[] = [];
  const error: Line[] = [];
  for (const index of shuffled(world, batch.indexes)) {
    if (!withProbability(world.dice, answered)) continue;
    switch (
      batch.isBlessed
        ? 'success'
        : weighted(world.dice, { success: 60, failure: 20, missing: 8, both: 6, twice: 6 })
    ) {
      case 'success':
        output.push(success(index));
        break;
      case 'failure':
        (withProbability(world.dice, 0.7) ? error : output).push(failure(world, index));
        break;
      case 'both':
        output.push(failure(world, index));
        error.push(success(index));
        break;
      case 'twice':
        output.push(success(index), success(index));
        break;
      case 'missing':
        break;
    }
  }
  if (batch.isBlessed) return { output, error: null };
  if (withProbability(world.dice, 0.1)) output.push({ kind: 'malformed', index: -1, code: -1 });
  if (withProbability(world.dice, 0.1)) error.push({ kind: 'unknown', index: 999_999, code: -1 });
  // `completed` without files happens, and so do files that are there and empty.
  const isBare = withProbability(world.dice, 0.05);
  return {
    output: isBare || (output.length === 0 && withProbability(world.dice, 0.5)) ? null : output,
    error: isBare || (error.length === 0 && withProbability(world.dice, 0.8)) ? null : error,
  };
};

const shuffled = (world: World, indexes: readonly number[]): readonly number[] =>
  indexes
    .map((index) => ({ index, order: withProbability(world.dice, 0.3) ? world.dice.state : index }))
    .sort((a, b) => a.order - b.order)
    .map(({ index }) => index);
