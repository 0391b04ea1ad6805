import { ingestRowsMax } from '../../core/source/source.ts';
import { SourceError } from '../../ports/source-error.ts';
import type { BatchItem } from '../../ports/source.ts';

/** Items that can be iterated only once. */
export interface SinglePass {
  /** Items from `index` (from 0). Throws `SourceError` for a dropped item, and after `end`. */
  from(index: number): AsyncGenerator<BatchItem, void>;
  /** Ends the iteration and drops all items. */
  end(): void;
}

/** Prevents a run from completing without its remaining items. */
export const tooFew = (ref: string, given: number, read: number): SourceError =>
  new SourceError(
    `gave ${given} items, but ${read} were read before: they can be iterated only once, or there are fewer now. Give the same items again, in the same order`,
    {
      ref,
    },
  );

/** A Node or web stream makes many iterators, but gives each chunk to only one of them. */
export const isStream = (items: object): boolean =>
  typeof (items as { readonly pipe?: unknown }).pipe === 'function' ||
  typeof (items as { readonly getReader?: unknown }).getReader === 'function';

/** A run may read again what it has not accepted: a slice and its page. */
const keptMax = 2 * ingestRowsMax;

/**
 * Lets a run read an iterator again from a few thousand items back. A run restarts reading after
 * each row that stops it. Without the kept items it would see an exhausted generator, and complete
 * without the remaining rows.
 */
export const createSinglePass = (
  iterator: Iterator<BatchItem> | AsyncIterator<BatchItem>,
  ref: string,
): SinglePass => {
  const kept: BatchItem[] = [];
  /** Index of the first kept item. */
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
      // An iterator that threw reports `done` on the next call.
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
            `cannot continue from item ${at}: these items can be iterated only once, and were read up to ${first + kept.length}. Give an array, a new generator or a source`,
            { ref },
          );
        yield kept[at - first] as BatchItem;
      }
    },
    end() {
      failure ??= {
        error: new SourceError(
          'were dropped when their run ended: they can be iterated only once. Give them again',
          { ref },
        ),
      };
      first += kept.length;
      kept.length = 0;
      // The caller cannot handle an error of the iterator's cleanup.
      const requested = async (): Promise<unknown> => iterator.return?.();
      requested().catch(() => undefined);
    },
  };
};
