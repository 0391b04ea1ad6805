import type { ParquetType } from 'hyparquet';
import type { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import type { PageHeader } from './page-header.ts';
import { PAGE } from './page-header.ts';
import { bitsOf, checkDeltas, checkPrefixes, checkRuns } from './page-runs.ts';

/** The parts of a column's schema that determine the layout of its pages. */
export interface PageLayout {
  readonly type: ParquetType | undefined;
  readonly repetitionMax: number;
  readonly definitionMax: number;
}

/**
 * Encodings whose lengths hyparquet trusts, by Parquet's numbers. The others end with their bytes.
 */
const ENCODING = {
  plainDictionary: 2,
  runs: 3,
  deltas: 5,
  deltaLengths: 6,
  prefixes: 7,
  dictionary: 8,
} as const;

/**
 * Checks the levels of a page of version 2, which are never compressed. Throws a `RangeError` when
 * they give more values than stated.
 */
export const checkLevelsV2 = (
  body: Uint8Array,
  header: PageHeader,
  { repetitionMax, definitionMax }: PageLayout,
): void => {
  const { repetitionBytes, valueCount: count } = header;
  if (repetitionMax > 0) checkRuns({ bytes: body, at: 0, width: bitsOf(repetitionMax), count }, -1);
  if (definitionMax > 0)
    checkRuns({ bytes: body, at: repetitionBytes, width: bitsOf(definitionMax), count }, -1);
};

/**
 * Checks the compressed part: all of a page of version 1, or the part after the levels in version
 * 2.
 */
export const checkBody = (
  body: Uint8Array,
  header: PageHeader,
  layout: PageLayout,
  unpackDeltas: typeof deltaBinaryUnpack,
): void => {
  const { encoding, valueCount } = header;
  // A dictionary is plain: it ends with its bytes.
  if (header.type === PAGE.dictionary) return;
  let at = 0;
  let count = valueCount - header.nullCount;
  if (header.type === PAGE.data) {
    if (layout.repetitionMax > 0) at = levelsV1(body, at, layout.repetitionMax, valueCount).end;
    if (layout.definitionMax > 0) {
      const levels = levelsV1(body, at, layout.definitionMax, valueCount);
      at = levels.end;
      count = levels.full;
    }
  }
  if (at >= body.length) return;
  switch (encoding) {
    case ENCODING.plainDictionary:
    case ENCODING.dictionary:
    case ENCODING.runs: {
      const isBoolean = layout.type === 'BOOLEAN' && encoding === ENCODING.runs;
      // Runs of booleans begin after their length; indexes after the byte with their bit width.
      checkRuns(
        {
          bytes: body,
          at: at + (isBoolean ? 4 : 1),
          width: isBoolean ? 1 : (body[at] ?? 0),
          count,
        },
        -1,
      );
      return;
    }
    case ENCODING.deltas:
    case ENCODING.deltaLengths:
      checkDeltas({ bytes: body, at, count });
      return;
    case ENCODING.prefixes:
      checkPrefixes({ bytes: body, at, count }, unpackDeltas);
      return;
    default:
  }
};

const levelsV1 = (
  body: Uint8Array,
  at: number,
  max: number,
  count: number,
): { readonly end: number; readonly full: number } => {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const length = view.getUint32(at, true);
  if (length > body.length - at - 4)
    throw new RangeError('the levels of a page are longer than the page');
  return {
    end: at + 4 + length,
    full: checkRuns({ bytes: body, at: at + 4, width: bitsOf(max), count }, max),
  };
};
