import { SourceError } from '../../lib/ports/source-error.ts';
import { openFile, type OpenFile, plainFlow } from './open-file.ts';
import { checkCompression, type Compression } from './compression.ts';
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

/** What a file holds that is no text, by its first bytes. */
interface ContentKind {
  /** For messages: goes behind the name of the file. */
  readonly holds: string;
  /** What to do, as a sentence. */
  readonly remedy: string;
}

const sheet =
  'Save it as CSV: in Excel, File > Save As > "CSV UTF-8"; in LibreOffice, File > Save As > "Text CSV". Or in a shell: libreoffice --headless --convert-to csv FILE';
const parquet = 'Read it as Parquet: name it .parquet, or say so';

/** Of the archive that a name lies in, only the first names are near enough to be seen. */
const zipKinds: readonly (readonly [mark: string, kind: ContentKind])[] = [
  [
    'application/vnd.oasis.opendocument.spreadsheet',
    { holds: 'holds an OpenDocument spreadsheet (.ods)', remedy: sheet },
  ],
  ['xl/', { holds: 'holds an Excel workbook (.xlsx)', remedy: sheet }],
  ['word/', { holds: 'holds a Word document', remedy: 'Give a file of rows: CSV or JSON lines' }],
];
const zip: ContentKind = { holds: 'holds a zip archive', remedy: 'Unpack it first: unzip FILE' };
const office: ContentKind = {
  holds: 'holds a document of an old Office format (.xls)',
  remedy: sheet,
};

const kinds: readonly (readonly [magic: string, kind: ContentKind])[] = [
  ['d0cf11e0a1b11ae1', office],
  [hexOf('PAR1'), { holds: 'holds a Parquet file', remedy: parquet }],
  [
    hexOf('ARROW1'),
    { holds: 'holds an Arrow file', remedy: 'Read it as Arrow: name it .arrow, or say so' },
  ],
  [
    'ffffffff',
    { holds: 'holds an Arrow stream', remedy: 'Read it as Arrow: name it .arrows, or say so' },
  ],
  [
    hexOf('%PDF-'),
    { holds: 'holds a PDF document', remedy: 'Give a file of rows: CSV or JSON lines' },
  ],
  [
    hexOf('SQLite format 3'),
    {
      holds: 'holds an SQLite database',
      remedy: `Export a table: sqlite3 -header -csv FILE 'select * from TABLE' > rows.csv`,
    },
  ],
  [
    '1f8b',
    { holds: 'holds gzip data', remedy: 'Name it by what it is (.gz), or unpack it: gunzip FILE' },
  ],
  [
    '28b52ffd',
    {
      holds: 'holds zstd data',
      remedy: 'Name it by what it is (.zst), or unpack it: zstd -d FILE',
    },
  ],
  [hexOf('BZh'), { holds: 'holds bzip2 data', remedy: 'Unpack it first: bunzip2 FILE' }],
  ['fd377a585a00', { holds: 'holds xz data', remedy: 'Unpack it first: unxz FILE' }],
  ['89504e47', { holds: 'holds a PNG picture', remedy: 'Give a file of rows: CSV or JSON lines' }],
  ['ffd8ff', { holds: 'holds a JPEG picture', remedy: 'Give a file of rows: CSV or JSON lines' }],
];

function hexOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

/**
 * The kind of what begins with these bytes, where it is one that gets mistaken for text; null: it
 * is none of them.
 */
const kindOfContent = (head: Buffer): ContentKind | null => {
  const hex = head.subarray(0, 16).toString('hex');
  if (!hex.startsWith('504b0304'))
    return kinds.find(([magic]) => hex.startsWith(magic))?.[1] ?? null;
  const names = head.toString('latin1');
  return zipKinds.find(([mark]) => names.includes(mark))?.[1] ?? zip;
};
