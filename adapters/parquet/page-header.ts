/** The page types that are read. */
export const PAGE = { data: 0, dictionary: 2, dataV2: 3 } as const;

/** A page header. */
export interface PageHeader {
  /** One of `PAGE`, or a type that is not read. */
  readonly type: number;
  /** Size of the body in the file, and before compression, in bytes. */
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  /** Missing values count. */
  readonly valueCount: number;
  /** Only of pages of version 2; else 0. */
  readonly nullCount: number;
  readonly rowCount: number;
  readonly repetitionBytes: number;
  readonly definitionBytes: number;
  readonly isPacked: boolean;
  /** By Parquet's numbers. */
  readonly encoding: number;
  /** The byte offset of the body. */
  readonly bodyAt: number;
}

/**
 * Parses the header at `at`. Throws a `RangeError` for an invalid one. Stricter than hyparquet,
 * which trusts lengths and numbers: a header that passes here takes hyparquet at most as many steps
 * as it has bytes.
 */
export const readPageHeader = (bytes: Uint8Array, at: number): PageHeader => {
  const cursor = { bytes, at };
  const fields = readStruct(cursor, 0);
  const type = numberIn(fields, 1, 'type');
  const own = fields.get(OWN_FIELD[type] ?? 0);
  if (!(own instanceof Map))
    throw new RangeError(`a page at byte ${at} of its chunk has no header of its type (${type})`);
  const isV2 = type === PAGE.dataV2;
  return {
    type,
    unpackedBytes: countIn(fields, 2, 'uncompressed size'),
    packedBytes: countIn(fields, 3, 'compressed size'),
    valueCount: countIn(own, 1, 'number of values'),
    nullCount: isV2 ? countIn(own, 2, 'number of nulls') : 0,
    rowCount: isV2 ? countIn(own, 3, 'number of rows') : 0,
    encoding: countIn(own, isV2 ? 4 : 2, 'encoding'),
    definitionBytes: isV2 ? countIn(own, 5, 'size of definition levels') : 0,
    repetitionBytes: isV2 ? countIn(own, 6, 'size of repetition levels') : 0,
    isPacked: !isV2 || own.get(7) !== false,
    bodyAt: cursor.at,
  };
};

/** The field with the part that only one page type has. */
const OWN_FIELD: Readonly<Record<number, number>> = {
  [PAGE.data]: 5,
  [PAGE.dictionary]: 7,
  [PAGE.dataV2]: 8,
};

/** A struct of Thrift's compact protocol; texts, fractions and longs are skipped. */
type Fields = ReadonlyMap<number, number | boolean | null | Fields>;

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

const numberIn = (fields: Fields, id: number, what: string): number => {
  const value = fields.get(id);
  if (typeof value === 'number') return value;
  throw new RangeError(`a page header does not state its ${what}`);
};

const countIn = (fields: Fields, id: number, what: string): number => {
  const value = numberIn(fields, id, what);
  if (value >= 0) return value;
  throw new RangeError(`a page header states ${value} as its ${what}`);
};

/** A page header contains a struct of its type, and that contains statistics. */
const DEPTH_MAX = 3;

const readStruct = (cursor: Cursor, depth: number): Fields => {
  if (depth > DEPTH_MAX) throw new RangeError('a page header is nested too deeply');
  const fields = new Map<number, number | boolean | null | Fields>();
  let id = 0;
  for (;;) {
    const head = byteAt(cursor);
    const type = head & 0x0f;
    if (type === 0) return fields;
    id = head >> 4 === 0 ? readZigZag(cursor) : id + (head >> 4);
    fields.set(id, readField(cursor, type, depth));
  }
};

const readField = (
  cursor: Cursor,
  type: number,
  depth: number,
): number | boolean | null | Fields => {
  switch (type) {
    case 1:
    case 2:
      return type === 1;
    case 3:
      return byteAt(cursor);
    case 4:
    case 5:
      return readZigZag(cursor);
    case 6:
      skipVarint(cursor, 10);
      return null;
    case 7:
      return passOver(cursor, 8);
    case 8:
      return passOver(cursor, readVarint(cursor));
    case 12:
      return readStruct(cursor, depth + 1);
    default:
      // No field of a page header is a list, a set or a map.
      throw new RangeError(`a page header holds a field of type ${type}`);
  }
};

const byteAt = (cursor: Cursor): number => {
  const byte = cursor.bytes[cursor.at];
  if (byte === undefined) throw new RangeError('a page is cut off');
  cursor.at += 1;
  return byte;
};

const passOver = (cursor: Cursor, byteCount: number): null => {
  if (byteCount > cursor.bytes.length - cursor.at)
    throw new RangeError('a page header is longer than its chunk');
  cursor.at += byteCount;
  return null;
};

/** An unsigned number below 2^32, seven bits a byte. Throws a `RangeError` for a longer one. */
export const readVarint = (cursor: Cursor): number => {
  let value = 0;
  for (let at = 0; at < 5; at += 1) {
    const byte = byteAt(cursor);
    value += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) {
      if (value >= 2 ** 32) break;
      return value;
    }
  }
  throw new RangeError('a number in a page is too large');
};

/** Skips a number of at most `bytesMax` bytes. */
export const skipVarint = (cursor: Cursor, bytesMax: number): void => {
  for (let at = 0; at < bytesMax; at += 1) if (byteAt(cursor) < 0x80) return;
  throw new RangeError('a number in a page is too large');
};

const readZigZag = (cursor: Cursor): number => {
  const value = readVarint(cursor);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
};
