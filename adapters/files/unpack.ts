import { gunzipper, unzstder } from './unpacker.ts';
import type { PackFault, Unpacker } from './unpacker.ts';
import { frameCutter } from './zstd-frames.ts';

/** Unpacks what comes in `packed`; gives, at the end, why it ended early. */
export type Unpack = (
  packed: AsyncIterable<Buffer>,
  ref: string,
) => AsyncGenerator<Buffer, PackFault | null>;

/**
 * Members one behind the other are one text; zeros behind the last are padding, as tapes and block
 * devices leave it.
 */
export const gunzip: Unpack = async function* (packed) {
  const unpacker = gunzipper();
  let fed = 0;
  let isOver = false;
  try {
    for await (const chunk of packed) {
      let rest = chunk;
      if (!isOver) {
        const fault = yield* unpacker.feed(chunk);
        if (fault !== null) return fault;
        rest = chunk.subarray(unpacker.usedBytes - fed);
        fed += chunk.length;
        isOver = rest.length > 0;
      }
      if (rest.some((byte) => byte !== 0))
        return { type: 'trailing', reason: 'something behind zeros' };
    }
    return isOver ? null : yield* unpacker.finish();
  } finally {
    unpacker.close();
  }
};

/** Frames one behind the other are one text; each has a decompressor of its own. */
export const unzstd: Unpack = async function* (packed, ref) {
  const frames = frameCutter();
  let unpacker: Unpacker | null = null;
  let isFirst = true;
  try {
    for await (const chunk of packed) {
      for (const { bytes, isLast } of frames.cut(chunk)) {
        unpacker ??= unzstder(ref);
        const fault: PackFault | null = yield* unpacker.feed(bytes);
        if (fault !== null)
          return isFirst || !/frame descriptor/.test(fault.reason)
            ? fault
            : { ...fault, type: 'trailing' };
        if (!isLast) continue;
        const late: PackFault | null = yield* unpacker.finish();
        if (late !== null) return late;
        unpacker.close();
        unpacker = null;
        isFirst = false;
      }
    }
    return frames.isBetween ? null : { type: 'cut', reason: 'a frame does not end' };
  } finally {
    unpacker?.close();
  }
};
