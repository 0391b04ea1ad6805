import { SourceError } from '../../lib/ports/source-error.ts';
import { plainFlow } from './byte-flow.ts';
import { checkCompression, type Compression } from './compression.ts';
import { kindOfContent } from './content-kind.ts';
import { openFile, type OpenFile } from './open-file.ts';
import { unpackedFlow } from './unpacked-flow.ts';

/** What is in place of an encoding where nothing has to be decoded. */
export const UTF8 = 'utf-8';

/**
 * The encoding that a label of the WHATWG names (`latin1`, `sjis`), by its own name; undefined for
 * none. Throws a `RangeError` for a label that this Node does not know.
 */
export const encodingOfLabel = (label: string | undefined): string | undefined => {
  if (label === undefined) return undefined;
  // The WHATWG reads it as little-endian, regardless of the byte order mark.
  if (/^\s*utf-?16\s*$/i.test(label)) return UTF16;
  try {
    return new TextDecoder(label).encoding;
  } catch {
    throw new RangeError(
      `encoding is ${JSON.stringify(label)}, which this Node cannot decode. Name one of the WHATWG, like windows-1252, utf-16le or shift_jis`,
    );
  }
};

/** In the byte order of the mark; little-endian without one. */
const UTF16 = 'utf-16';

const HEAD_BYTES = 4_096;

/**
 * The encoding to read the text of `file` by: what was said, else what its byte order mark says,
 * else UTF-8. Throws `SourceError` where the mark tells otherwise, where it is UTF-16 without a
 * mark and that was not said, and where the file holds no text at all: an archive, a spreadsheet, a
 * picture.
 */
export const checkEncoding = async (
  file: OpenFile,
  {
    compression,
    said,
    signal,
  }: {
    readonly compression: Compression;
    readonly said: string | undefined;
    readonly signal: AbortSignal;
  },
): Promise<string> => {
  const head = await headOf(file, compression, signal);
  const ref = file.path;
  refuseOther(head, ref);
  const marked = markIn(head);
  if (marked === null) {
    if (said !== undefined) return said === UTF16 ? 'utf-16le' : said;
    const order = orderOfUtf16(head);
    if (order === null) return UTF8;
    throw new SourceError(
      `looks like UTF-16 without a byte order mark. Name the encoding: '${order}'`,
      { ref },
    );
  }
  if (said === undefined || said === marked || (said === UTF16 && marked !== UTF8)) return marked;
  const what = `begins with the byte order mark of ${marked}, but encoding is '${said}'. Leave the encoding out, or say '${marked}'`;
  throw new SourceError(what, { ref });
};

/**
 * The encoding by which the text of the file at `path` is read. Throws a `RangeError` for an
 * unknown label, and `SourceError` as reading does.
 */
export const encodingOfFile = async (path: string, label: string | undefined): Promise<string> => {
  const said = encodingOfLabel(label);
  const file = await openFile(path);
  try {
    const compression = await checkCompression(file, undefined);
    return await checkEncoding(file, { compression, said, signal: new AbortController().signal });
  } finally {
    await file.handle.close();
  }
};

/** The first bytes of the text; what of a damaged packed file comes before the damage. */
const headOf = async (
  file: OpenFile,
  compression: Compression,
  signal: AbortSignal,
): Promise<Buffer> => {
  const flow =
    compression === 'none' ? plainFlow(file, 0) : unpackedFlow({ file, compression, signal });
  const head = Buffer.alloc(HEAD_BYTES);
  let filled = 0;
  try {
    while (filled < head.length && !flow.ended) {
      const count = await flow.read(head.subarray(filled));
      if (count === 0) break;
      filled += count;
    }
  } catch (error) {
    // Reading comes to the same place, behind the rows before it.
    if (!(error instanceof SourceError)) throw error;
  } finally {
    await flow.close();
  }
  return head.subarray(0, filled);
};

const markIn = (head: Buffer): string | null => {
  const hex = head.subarray(0, 3).toString('hex');
  if (hex === 'efbbbf') return UTF8;
  if (hex.startsWith('fffe')) return 'utf-16le';
  return hex.startsWith('feff') ? 'utf-16be' : null;
};

/** What is no text gives rows of rubbish, or none. */
const refuseOther = (head: Buffer, ref: string): void => {
  const kind = kindOfContent(head);
  if (kind !== null) throw new SourceError(`${kind.holds}, not text. ${kind.remedy}`, { ref });
  if (!/^(?:fffe0000|0000feff)$/.test(head.subarray(0, 4).toString('hex'))) return;
  throw new SourceError('is UTF-32. Convert it first: iconv -f UTF-32 -t UTF-8 FILE > rows.csv', {
    ref,
  });
};

/** By the zeros: in a header of Latin letters, every other byte is one. */
const orderOfUtf16 = (head: Buffer): 'utf-16le' | 'utf-16be' | null => {
  const pairs = Math.floor(head.length / 2);
  const zerosAt = (odd: 0 | 1): number => {
    let count = 0;
    for (let at = odd; at < 2 * pairs; at += 2) if (head[at] === 0) count += 1;
    return count;
  };
  const [even, odd] = [zerosAt(0), zerosAt(1)];
  if (odd > pairs / 4 && even < odd / 8) return 'utf-16le';
  return even > pairs / 4 && odd < even / 8 ? 'utf-16be' : null;
};
