import type { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { readVarint, skipVarint } from './page-header.ts';

/** The bit width of numbers up to `max`. */
export const bitsOf = (max: number): number => 32 - Math.clz32(max);

/** A stream of runs, which holds levels or dictionary indexes. */
export interface RunsAt {
  readonly bytes: Uint8Array;
  readonly at: number;
  /** Bits of a value. */
  readonly width: number;
  /** The number of values to read. */
  readonly count: number;
}

/** The most values by which writers pad a packed run of zero-width values. */
const PADDING_MAX = 512;

/**
 * Throws a `RangeError` when runs give more values than stated, which hyparquet would write into
 * memory one by one. Returns how many values equal `wanted`. Runs that end too early are left to
 * the decoder, which reports them.
 */
export const checkRuns = ({ bytes, at, width, count }: RunsAt, wanted: number): number => {
  if (width > 32) throw new RangeError(`a page has values of ${width} bits`);
  const cursor = { bytes, at };
  let seen = 0;
  let found = 0;
  while (seen < count && cursor.at < bytes.length) {
    const head = readVarint(cursor);
    if (head % 2 === 0) {
      const length = head / 2;
      if (length > count - seen)
        throw new RangeError(`a run of ${length} values where ${count - seen} are missing`);
      if (unpack(bytes, cursor.at * 8, width === 0 ? 0 : 8 * ((width + 7) >> 3)) === wanted)
        found += length;
      cursor.at += (width + 7) >> 3;
      seen += length;
      continue;
    }
    const length = (head - 1) * 4;
    if (length * width > (bytes.length - cursor.at) * 8)
      throw new RangeError(`a run of ${length} values is cut off`);
    if (width === 0 && length > count - seen + PADDING_MAX)
      throw new RangeError(`a run of ${length} values where ${count - seen} are missing`);
    const taken = Math.min(length, count - seen);
    if (wanted >= 0)
      for (let i = 0; i < taken; i += 1)
        if (unpack(bytes, cursor.at * 8 + i * width, width) === wanted) found += 1;
    cursor.at += (length * width) / 8;
    seen += taken;
  }
  return found;
};

/** The number of `width` bits at a bit offset. Only for levels, which have few bits. */
const unpack = (bytes: Uint8Array, bit: number, width: number): number => {
  let value = 0;
  for (let got = 0; got < width;) {
    const at = bit + got;
    const taken = Math.min(8 - (at & 7), width - got);
    value |= (((bytes[Math.floor(at / 8)] ?? 0) >> (at & 7)) & ((1 << taken) - 1)) << got;
    got += taken;
  }
  return value;
};

/** Whole numbers stored as differences. */
export interface DeltasAt {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly count: number;
}

/**
 * Throws a `RangeError` for invalid block sizes, on which hyparquet would loop. Returns the end
 * offset of the blocks.
 */
export const checkDeltas = ({ bytes, at, count }: DeltasAt): number => {
  const cursor = { bytes, at };
  const [blockValues, parts] = [readVarint(cursor), readVarint(cursor)];
  skipVarint(cursor, 5);
  skipVarint(cursor, 10);
  const partValues = blockValues / parts;
  if (!(parts > 0 && blockValues > 0 && blockValues < 2 ** 31 && partValues % 8 === 0))
    throw new RangeError(`a page has blocks of ${blockValues} values in ${parts} parts`);
  for (let made = 1; made < count;) {
    skipVarint(cursor, 10);
    const widths = bytes.subarray(cursor.at, cursor.at + parts);
    if (widths.length < parts) throw new RangeError('a block of a page is cut off');
    cursor.at += parts;
    for (let part = 0; part < parts && made < count; part += 1) {
      const width = widths[part] as number;
      if (width > 64) throw new RangeError(`a page has values of ${width} bits`);
      cursor.at += (partValues * width) / 8;
      made += partValues;
    }
  }
  return cursor.at;
};

/** The most bytes of the texts of one page. */
const TEXT_BYTES_MAX = 512 * 1024 * 1024;

/**
 * Texts that share prefixes. Throws a `RangeError` when they are too large together, or share more
 * than the text before has.
 */
export const checkPrefixes = (deltas: DeltasAt, unpackDeltas: typeof deltaBinaryUnpack): void => {
  const { bytes, count } = deltas;
  if (count === 0) return;
  const lengthsAt = (at: number): Int32Array => {
    const lengths = new Int32Array(count);
    unpackDeltas(
      { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: at },
      count,
      lengths,
    );
    return lengths;
  };
  const suffixesAt = checkDeltas(deltas);
  checkDeltas({ ...deltas, at: suffixesAt });
  const [prefixes, suffixes] = [lengthsAt(deltas.at), lengthsAt(suffixesAt)];
  let before = 0;
  let sum = 0;
  prefixes.forEach((prefix, at) => {
    const suffix = suffixes[at] ?? 0;
    if (prefix < 0 || suffix < 0 || prefix > before)
      throw new RangeError(`a text shares ${prefix} bytes with one of ${before}`);
    before = prefix + suffix;
    sum += before;
    if (sum > TEXT_BYTES_MAX)
      throw new RangeError(`a page holds more than ${TEXT_BYTES_MAX} bytes of texts`);
  });
};
