import type { ResultRef } from '../ports/run-store.ts';
import { type PackedTexts, unpackTexts } from './packed-texts.ts';

/**
 * A page of results as a thread message: columns that are transferred, not copied. Objects are
 * numbered from 1; 0: none.
 */
export interface ResultColumns {
  readonly sequences: Float64Array;
  readonly indexes: Uint32Array;
  readonly ids: PackedTexts;
  /** -1: completed. */
  readonly codes: Int16Array;
  readonly charged: Uint16Array;
  readonly uncharged: Uint16Array;
  readonly lineObjects: Uint32Array;
  readonly lineOffsets: Float64Array;
  readonly lineLengths: Uint32Array;
  readonly itemObjects: Uint32Array;
  readonly itemOffsets: Float64Array;
  readonly itemLengths: Uint32Array;
  /** 1 + the index of the row that was sent for each; 0: it was sent itself. */
  readonly sameAs: Uint32Array;
  readonly objects: readonly string[];
}

/** Empty columns for the results of these sequences. */
export const resultColumns = (
  sequences: Float64Array,
  objects: readonly string[],
): Omit<ResultColumns, 'ids'> => {
  const count = sequences.length;
  return {
    sequences,
    indexes: new Uint32Array(count),
    codes: new Int16Array(count),
    charged: new Uint16Array(count),
    uncharged: new Uint16Array(count),
    lineObjects: new Uint32Array(count),
    lineOffsets: new Float64Array(count),
    lineLengths: new Uint32Array(count),
    itemObjects: new Uint32Array(count),
    itemOffsets: new Float64Array(count),
    itemLengths: new Uint32Array(count),
    sameAs: new Uint32Array(count),
    objects,
  };
};

/** The page in the form of the port. */
export const resultRefs = (page: ResultColumns): readonly ResultRef[] =>
  unpackTexts(page.ids).map((itemId, at): ResultRef => {
    const code = page.codes[at] as number;
    const lineObject = page.lineObjects[at] as number;
    return {
      sequence: page.sequences[at] as number,
      index: page.indexes[at] as number,
      itemId,
      status: code === -1 ? 'completed' : 'failed_permanent',
      code,
      charged: page.charged[at] as number,
      uncharged: page.uncharged[at] as number,
      line:
        lineObject === 0
          ? null
          : {
              object: page.objects[lineObject - 1] as string,
              offset: page.lineOffsets[at] as number,
              length: page.lineLengths[at] as number,
            },
      item: {
        object: page.objects[(page.itemObjects[at] as number) - 1] as string,
        offset: page.itemOffsets[at] as number,
        length: page.itemLengths[at] as number,
      },
      sameAs: page.sameAs[at] === 0 ? null : (page.sameAs[at] as number) - 1,
    };
  });
