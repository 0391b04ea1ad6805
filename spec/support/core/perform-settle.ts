import { emptyUsage, type Effect } from '../../../lib/core/internal.ts';
import type { Answer } from './answer.ts';
import { openMask, openRows } from './slices.ts';
import { type Line, lineBytes, type ProviderBatch } from './world.ts';

/** One slice of the batch's files, or of the rows that no success settled. */
export const answerSettle = (
  files: ProviderBatch['files'],
  effect: Extract<Effect, { readonly type: 'SettleSlice' }>,
  rowsMax: number,
): Answer => {
  const { batchKey, batchNo, position } = effect;
  const { part, offset } = position;
  if (part === 'rest') return settleRest(effect, files, rowsMax);
  const from = offset / lineBytes;
  const lines = files?.[part]?.slice(from, from + rowsMax) ?? [];
  const toOffset = offset + lines.length * lineBytes;
  const successes = lines.flatMap((line, lineIndex) =>
    line.kind === 'success' ? [{ index: line.index, offset: offset + lineIndex * lineBytes }] : [],
  );
  const indexes = successes.map((line) => line.index);
  return ({ rows, atMs }) => ({
    type: 'SettleSlice',
    atMs,
    batchKey,
    part,
    fromOffset: offset,
    toOffset,
    isEndOfFile: from + rowsMax >= (files?.[part]?.length ?? 0),
    lines: {
      indexes,
      offsets: successes.map((line) => line.offset),
      lengths: successes.map(() => lineBytes),
    },
    open: openMask(rows, batchNo, indexes),
    usage: { ...emptyUsage, inputTokens: successes.length, outputTokens: 2 * successes.length },
    malformedCount: lines.filter((line) => line.kind === 'malformed').length,
    unknownCount: lines.filter((line) => line.kind === 'unknown').length,
  });
};

const settleRest = (
  effect: Extract<Effect, { readonly type: 'SettleSlice' }>,
  files: ProviderBatch['files'],
  rowsMax: number,
): Answer => {
  const failures = new Map<
    number,
    { readonly line: Line; readonly part: number; readonly offset: number }
  >();
  for (const part of ['error', 'output'] as const) {
    (files?.[part] ?? []).forEach((line, lineIndex) => {
      if (line.kind === 'failure')
        failures.set(line.index, {
          line,
          part: part === 'output' ? 1 : 2,
          offset: lineIndex * lineBytes,
        });
    });
  }
  return ({ rows, atMs }) => {
    const open = openRows(rows, effect.batchNo, effect.position.offset, rowsMax);
    const found = Array.from(open.indexes, (index) => failures.get(index));
    return {
      type: 'SettleRest',
      atMs,
      batchKey: effect.batchKey,
      fromIndex: effect.position.offset,
      rows: open,
      codes: found.map((each) => each?.line.code ?? -1),
      parts: found.map((each) => each?.part ?? 0),
      offsets: found.map((each) => each?.offset ?? 0),
      lengths: found.map((each) => (each === undefined ? 0 : lineBytes)),
      outputTokens: found.map((each) => (each === undefined ? -1 : each.line.index % 8)),
    };
  };
};
