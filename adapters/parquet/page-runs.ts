import type { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { readVarint, skipVarint } from './page-header.ts';

/** Bits that a number up to `max` takes. */
export const bitsOf = (max: number): number => 32 - Math.clz32(max);

/** A stream of runs, as levels and indexes of a dictionary are written. */
export interface RunsAt {
  readonly bytes: Uint8Array;
  readonly at: number;
  /** Bits of a value. */
  readonly width: number;
  /** So many values are to be read. */
  readonly count: number;
}

/** Writers pad a packed run of values without bits no further than this. */
const PADDING_MAX = 512;

/**
 * Throws a `RangeError` where runs give more values than there are to be, which hyparquet would write into memory one by one. Gives how many
 * of the values are `wanted`. Runs that end too early are left to the decoder, which finds no byte there.
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
      if (length > count - seen) throw new RangeError(`a run of ${length} values where ${count - seen} are missing`);
      if (unpack(bytes, cursor.at * 8, width === 0 ? 0 : 8 * ((width + 7) >> 3)) === wanted) found += length;
      cursor.at += (width + 7) >> 3;
      seen += length;
      continue;
    }
    const length = (head - 1) * 4;
    if (length * width > (bytes.length - cursor.at) * 8) throw new RangeError(`a run of ${length} values is cut off`);
    if (width === 0 && length > count - seen + PADDING_MAX)
      throw new RangeError(`a run of ${length} values where ${count - seen} are missing`);
    const taken = Math.min(length, count - seen);
    if (wanted >= 0) for (let i = 0; i < taken; i += 1) if (unpack(bytes, cursor.at * 8 + i * width, width) === wanted) found += 1;
    cursor.at += (length * width) / 8;
    seen += taken;
  }
  return found;
};

/** The number of `width` bits at a bit. Levels alone are looked at: they have few bits. */
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

/** Whole numbers by their differences. */
export interface DeltasAt {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly count: number;
}

/** Throws a `RangeError` where the sizes of blocks make no sense: hyparquet would go round in them. Gives where they end. */
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

/** So much may the texts of one page come to. */
const TEXT_BYTES_MAX = 512 * 1024 * 1024;

/** Texts that share their beginnings: throws a `RangeError` where they come to more than can be meant, or share what is not there. */
export const checkPrefixes = (deltas: DeltasAt, unpackDeltas: typeof deltaBinaryUnpack): void => {
  const { bytes, count } = deltas;
  if (count === 0) return;
  const lengthsAt = (at: number): Int32Array => {
    const lengths = new Int32Array(count);
    unpackDeltas({ view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: at }, count, lengths);
    return lengths;
  };
  const suffixesAt = checkDeltas(deltas);
  checkDeltas({ ...deltas, at: suffixesAt });
  const [prefixes, suffixes] = [lengthsAt(deltas.at), lengthsAt(suffixesAt)];
  let before = 0;
  let sum = 0;
  prefixes.forEach((prefix, place) => {
    const suffix = suffixes[place] ?? 0;
    if (prefix < 0 || suffix < 0 || prefix > before) throw new RangeError(`a text shares ${prefix} bytes with one of ${before}`);
    before = prefix + suffix;
    sum += before;
    if (sum > TEXT_BYTES_MAX) throw new RangeError(`a page holds more than ${TEXT_BYTES_MAX} bytes of texts`);
  });
};
