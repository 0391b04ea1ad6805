import { ingestRowsMax } from '../../core/source/due-source.ts';
import { SourceError } from '../../ports/source-error.ts';
import type { BatchItem } from '../../ports/source.ts';

/** Items that come once. */
export interface SinglePass {
  /** The items from this one on, counted from 0. Throws `SourceError` for one that is no longer kept, and where nobody gives items any more. */
  from(index: number): AsyncGenerator<BatchItem, void>;
  /** Nobody wants any more of them. */
  end(): void;
}

/** Without it a run would take items for read to their end, and be completed without the rest. */
export const tooFew = (ref: string, given: number, read: number): SourceError =>
  new SourceError(
    `gave ${given} items where ${read} were read before: they run once, or are fewer now. Give the same ones anew, in the same order`,
    {
      ref,
    },
  );

/** A stream of Node or of the web makes an iterator for each who asks, and gives what it holds to one of them. */
export const isStream = (items: object): boolean =>
  typeof (items as { readonly pipe?: unknown }).pipe === 'function' ||
  typeof (items as { readonly getReader?: unknown }).getReader === 'function';

/** A run asks again for what it has read and not accepted: a slice, and the page that it was cut from. */
const keptMax = 2 * ingestRowsMax;

/**
 * An iterator that can be read again from a few thousand items back. A generator gives each item once, and a run begins a reading anew behind
 * each row that stops it: without what is kept here, it would take the generator for exhausted, and be completed without the other rows.
 */
export const createSinglePass = (iterator: Iterator<BatchItem> | AsyncIterator<BatchItem>, ref: string): SinglePass => {
  const kept: BatchItem[] = [];
  /** Index of the first that is kept. */
  let first = 0;
  let isOver = false;
  let failure: { readonly error: unknown } | null = null;
  let pulling: Promise<void> | null = null;
  const pullOne = async (): Promise<void> => {
    try {
      const next = await iterator.next();
      if (next.done === true) isOver = true;
      else kept.push(next.value);
    } catch (error) {
      // An iterator that threw says that it is done when it is asked again.
      failure ??= { error };
    }
    if (kept.length < 2 * keptMax) return;
    kept.splice(0, keptMax);
    first += keptMax;
  };
  const pull = (): Promise<void> => (pulling ??= pullOne().finally(() => (pulling = null)));
  return {
    async *from(index) {
      for (let at = index; ; at += 1) {
        while (at >= first + kept.length) {
          if (failure !== null) throw (failure as { readonly error: unknown }).error;
          if (isOver) {
            if (first + kept.length < index) throw tooFew(ref, first + kept.length, index);
            return;
          }
          await pull();
        }
        if (at < first)
          throw new SourceError(
            `cannot go on from item ${at}: these items run once, and were read to ${first + kept.length} before. Give an array, a function's fresh generator or a source`,
            { ref },
          );
        yield kept[at - first] as BatchItem;
      }
    },
    end() {
      failure ??= { error: new SourceError('were given up by a run that ended: these items run once. Give them anew', { ref }) };
      first += kept.length;
      kept.length = 0;
      // Whatever cleans up behind them may throw, and whoever ends a run can do nothing about it.
      const asked = async (): Promise<unknown> => iterator.return?.();
      asked().catch(() => undefined);
    },
  };
};
