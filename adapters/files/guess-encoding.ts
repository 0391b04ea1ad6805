import { newline } from '../../lib/bytes/lines.ts';
import { readAt } from './open-file.ts';
import { UTF8 } from './encoding.ts';
import type { FileReading } from './file-reading.ts';
import { plausibleReadings, type Reading } from './plausible-encodings.ts';

/**
 * What a file is likely to be in: the encodings that make sense of it, one where that is clear;
 * null: most of it is UTF-8, and single rows are damaged.
 */
type Guess = readonly Reading[] | null;

const guesses = new WeakMap<FileReading['file'], Promise<Guess>>();

/**
 * Why `what` (the line, the record) is a bad row: it is not in the encoding of the file. Where
 * UTF-8 was read, names the encoding that the file is likely in; where several make sense of it,
 * what each of them reads, since a wrong one would send other words.
 */
export const undecodableReason = async (
  what: string,
  { file, compression, encoding }: FileReading,
): Promise<string> => {
  if (encoding !== UTF8) return `${what} is not valid ${encoding}`;
  // Of a packed file, the bytes are no text.
  if (compression !== 'none')
    return `${what} is not valid UTF-8. Is the file in another encoding, such as windows-1252?`;
  const guess = guesses.get(file) ?? guessEncoding(file);
  guesses.set(file, guess);
  return `${what} is not valid UTF-8. ${hintOf(await guess)}`;
};

const hintOf = (guess: Guess): string => {
  const [first, ...others] = guess ?? [];
  if (first === undefined) return 'Is the file in another encoding?';
  if (others.length === 0)
    return `The file is likely in ${first.encoding}: name it (encoding: '${first.encoding}')`;
  const samples = excerptsOf([first, ...others]).map(
    ({ encoding, text }) => `${encoding} reads ${JSON.stringify(text)}`,
  );
  return `Its encoding is not clear. Name the one that reads the text correctly (encoding: LABEL): ${samples.join(', ')}`;
};

const SAMPLES = 16;
const SAMPLE_BYTES = 64 * 1024;
const SAMPLE_BYTES_MAX = 64 * 1024;
const CONTEXT_BYTES = 48;
const LINE_BYTES_MAX = 4 * 1024;

const guessEncoding = async (file: FileReading['file']): Promise<Guess> => {
  const sample: Buffer[] = [];
  let sampleBytes = 0;
  const step = Math.max(SAMPLE_BYTES, Math.floor(file.sizeBytes / SAMPLES));
  for (let at = 0; at < file.sizeBytes && sampleBytes < SAMPLE_BYTES_MAX; at += step) {
    const room = Buffer.allocUnsafe(SAMPLE_BYTES);
    const found = beyondAscii(room.subarray(0, await readAt(file, room, at)));
    sample.push(found);
    sampleBytes += found.length;
  }
  const bytes = Buffer.concat(sample);
  if (isMostlyUtf8(bytes)) return null;
  const readings = plausibleReadings(bytes);
  const clear = readings.length > 1 ? await clearIn(readings, bytes) : null;
  return clear === null ? readings : [clear];
};

/** Fewer bytes beyond ASCII show no language. */
const FOREIGN_BYTES_MIN = 6;
const CONFIDENCE_MIN = 40;
const LEAD = 2;

/**
 * The reading whose letters are as frequent as those of a language, far before all others; null:
 * there is none.
 */
const clearIn = async (readings: readonly Reading[], bytes: Buffer): Promise<Reading | null> => {
  if (bytes.filter((byte) => byte >= 0x80).length < FOREIGN_BYTES_MIN) return null;
  const { default: chardet } = await import('chardet');
  const scores = chardet.analyse(bytes).flatMap(({ name, confidence }) => {
    const encoding = encodingOf(name);
    const reading = readings.find((each) => each.encoding === encoding);
    return reading === undefined ? [] : [{ reading, confidence }];
  });
  const [best] = scores;
  if (best === undefined || best.confidence < CONFIDENCE_MIN) return null;
  const rival = scores.find(({ reading }) => reading !== best.reading);
  return rival !== undefined && rival.confidence * LEAD > best.confidence ? null : best.reading;
};

const encodingOf = (name: string): string | null => {
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return null;
  }
};

const EXCERPT_BEFORE = 8;
const EXCERPT_LENGTH = 24;

/**
 * Of each reading a few characters of the same line: the first one that all read differently, if
 * there is one.
 */
const excerptsOf = (readings: readonly Reading[]): readonly Reading[] => {
  const lines = readings.map(({ text }) => text.split('\n'));
  const [first = []] = lines;
  const kindsAt = first.map((_, line) => new Set(lines.map((each) => each[line])).size);
  const line = kindsAt.indexOf(Math.max(...kindsAt));
  return readings.map(({ encoding }, i) => ({ encoding, text: excerpt(lines[i]?.[line] ?? '') }));
};

const excerpt = (line: string): string => {
  const at = Math.max(0, line.search(/[^\u0000-\u007f]/u));
  const before = line.slice(Math.max(0, at - EXCERPT_BEFORE), at).replace(/^.*[^\p{L} ]/u, '');
  const [behind = ''] = line.slice(at).split(/["\r]/u, 1);
  return `${before}${[...behind].slice(0, EXCERPT_LENGTH).join('')}`.trim();
};

/**
 * The lines that hold bytes beyond ASCII, from a little before the first of these on. Whole, since
 * no character of these encodings holds a line feed.
 */
const beyondAscii = (bytes: Buffer): Buffer => {
  const parts: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    const found = bytes.subarray(at).findIndex((byte) => byte >= 0x80);
    if (found === -1) break;
    const begin = bytes.lastIndexOf(newline, at + found) + 1;
    const feed = bytes.indexOf(newline, at + found);
    const end = Math.min(feed === -1 ? bytes.length : feed + 1, at + found + LINE_BYTES_MAX);
    parts.push(bytes.subarray(Math.max(at, begin, at + found - CONTEXT_BYTES), end));
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
