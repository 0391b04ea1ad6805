import { StringDecoder } from 'node:string_decoder';
import type { ByteFlow } from './open-file.ts';

/** What of the encoded text is read at once. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Stands in the text for what could not be decoded: no UTF-8 has it, so that its row is a bad one,
 * and no other.
 */
const INVALID = Buffer.of(0xff);

/** Decodes bytes in the order in which they come. */
interface Decoder {
  /** The text as UTF-8. */
  decode(bytes: Buffer): Buffer;
  /** What is left at the end. */
  end(): Buffer;
}

/** The same text as UTF-8. Holds a chunk of it. Closing it closes `flow`. */
export const decodedFlow = (flow: ByteFlow, encoding: string): ByteFlow => {
  const decoder = decoderOf(encoding);
  const input = Buffer.allocUnsafe(CHUNK_BYTES);
  let chunk: Buffer = Buffer.alloc(0);
  let isDecoded = false;
  return {
    get ended() {
      return isDecoded && chunk.length === 0;
    },
    read: async (target) => {
      while (chunk.length === 0 && !isDecoded) {
        const count = flow.ended ? 0 : await flow.read(input);
        chunk = count === 0 ? decoder.end() : decoder.decode(input.subarray(0, count));
        isDecoded = count === 0;
      }
      const count = chunk.copy(target);
      chunk = chunk.subarray(count);
      return count;
    },
    close: () => flow.close(),
  };
};

const decoderOf = (encoding: string): Decoder => {
  if (encoding === 'utf-16le' || encoding === 'utf-16be')
    return utf16Decoder(encoding === 'utf-16be');
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  return {
    // Always as a stream: at once, Node 20 takes windows-1252 for ISO 8859-1.
    decode: (bytes) => toUtf8(decoder.decode(bytes, { stream: true }), REPLACED),
    end: () => toUtf8(decoder.decode(), REPLACED),
  };
};

/**
 * None of the encodings that have a decoder of Node's writes this character itself, but for
 * gb18030.
 */
const REPLACED = /\uFFFD/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Node's own decoder would not tell a character that the file holds from what it puts in place of a
 * lone surrogate.
 */
const utf16Decoder = (isBigEndian: boolean): Decoder => {
  const decoder = new StringDecoder('utf16le');
  let odd: Buffer = Buffer.alloc(0);
  return {
    decode: (bytes) => {
      const held = Buffer.concat([odd, bytes]);
      const whole = held.length - (held.length % 2);
      odd = held.subarray(whole);
      const units = held.subarray(0, whole);
      return toUtf8(decoder.write(isBigEndian ? units.swap16() : units), LONE_SURROGATE);
    },
    end: () =>
      Buffer.concat([toUtf8(decoder.end(), LONE_SURROGATE), odd.length === 0 ? odd : INVALID]),
  };
};

const toUtf8 = (text: string, invalid: RegExp): Buffer => {
  if (!invalid.test(text)) return Buffer.from(text, 'utf8');
  return Buffer.concat(
    text
      .split(invalid)
      .flatMap((part, i) => (i === 0 ? [Buffer.from(part)] : [INVALID, Buffer.from(part)])),
  );
};
