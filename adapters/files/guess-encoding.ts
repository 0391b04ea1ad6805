import { readAt } from './byte-flow.ts';
import { UTF8 } from './encoding.ts';
import type { FileReading } from './file-reading.ts';

const guesses = new WeakMap<FileReading['file'], Promise<string | null>>();

/** Why `what` (the line, the record) is a bad row: it is not in the encoding of the file. Says, of UTF-8, which one it is likely to be in. */
export const undecodableReason = async (what: string, { file, compression, encoding }: FileReading): Promise<string> => {
  if (encoding !== UTF8) return `${what} is not valid ${encoding}`;
  // Of a packed file, the bytes are no text.
  if (compression !== 'none') return `${what} is not valid UTF-8. Is the file in another encoding, such as windows-1252?`;
  const guess = guesses.get(file) ?? guessEncoding(file);
  guesses.set(file, guess);
  const likely = await guess;
  const hint = likely === null ? 'Is the file in another encoding?' : `The file is likely in ${likely}: name it (encoding: '${likely}')`;
  return `${what} is not valid UTF-8. ${hint}`;
};

const PLACES = 16;
const PLACE_BYTES = 64 * 1024;
const SAMPLE_BYTES_MAX = 64 * 1024;
const CONTEXT_BYTES = 48;
const CONFIDENCE_MIN = 40;
/** A few accents fit each of these almost as well. */
const LATIN = /^(?:ISO-8859-(?:1|2|9|15)|windows-125[0247])$/i;
const LATIN_CONFIDENCE_MIN = 70;

/** What most files are in that are not UTF-8, and Windows writes in the West. */
const USUAL = 'windows-1252';

/** The encoding that the bytes beyond ASCII of a few places look like; null: most of them are UTF-8, and single rows are damaged. */
const guessEncoding = async (file: FileReading['file']): Promise<string | null> => {
  const sample: Buffer[] = [];
  let sampleBytes = 0;
  const step = Math.max(PLACE_BYTES, Math.floor(file.sizeBytes / PLACES));
  for (let at = 0; at < file.sizeBytes && sampleBytes < SAMPLE_BYTES_MAX; at += step) {
    const room = Buffer.allocUnsafe(PLACE_BYTES);
    const found = beyondAscii(room.subarray(0, await readAt(file, room, at)));
    sample.push(found);
    sampleBytes += found.length;
  }
  const bytes = Buffer.concat(sample);
  if (isMostlyUtf8(bytes)) return null;
  const { default: chardet } = await import('chardet');
  const best = chardet.analyse(bytes).find(({ name }) => isDecodable(name));
  if (best === undefined || best.confidence < (LATIN.test(best.name) ? LATIN_CONFIDENCE_MIN : CONFIDENCE_MIN)) return USUAL;
  return new TextDecoder(best.name).encoding;
};

/** The bytes beyond ASCII, with a little of what stands around them. */
const beyondAscii = (bytes: Buffer): Buffer => {
  const parts: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const found = bytes.subarray(at).findIndex((byte) => byte >= 0x80);
    if (found === -1) break;
    const end = Math.min(bytes.length, at + found + CONTEXT_BYTES);
    parts.push(bytes.subarray(Math.max(at, at + found - CONTEXT_BYTES), end));
    at = end;
  }
  return Buffer.concat(parts);
};

const isMostlyUtf8 = (bytes: Buffer): boolean => {
  const text = bytes.toString('utf8');
  const lost = text.split('\uFFFD').length - 1;
  const whole = text.match(/[\u{80}-\u{FFFC}\u{10000}-\u{10FFFF}]/gu)?.length ?? 0;
  return whole > lost;
};

const isDecodable = (name: string): boolean => {
  if (/^(?:ascii|utf-8)$/i.test(name)) return false;
  try {
    return new TextDecoder(name).encoding !== UTF8;
  } catch {
    return false;
  }
};
