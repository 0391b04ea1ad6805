/** What a file holds that is no text, by its first bytes. */
export interface ContentKind {
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
export const kindOfContent = (head: Buffer): ContentKind | null => {
  const hex = head.subarray(0, 16).toString('hex');
  if (!hex.startsWith('504b0304'))
    return kinds.find(([magic]) => hex.startsWith(magic))?.[1] ?? null;
  const names = head.toString('latin1');
  return zipKinds.find(([mark]) => names.includes(mark))?.[1] ?? zip;
};
