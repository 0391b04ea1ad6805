import {
  byteField,
  countAt,
  countField,
  rootTable,
  shortField,
  structsField,
  tableField,
  tablesField,
} from './flat-buffer.ts';
import { checkSchema } from './check-schema.ts';
import type { FlatTable } from './flat-buffer.ts';

export type Compression = 'lz4' | 'zstd';

/** The head of an Arrow message, as needed to find the next message. */
export interface MessageHead {
  readonly type: 'schema' | 'dictionary' | 'batch' | 'other';
  readonly bodyBytes: number;
  /** Rows of a batch, values of a dictionary. */
  readonly rows: number;
  /** Compression of the body's buffers; null: none. */
  readonly compression: Compression | null;
  /** A schema's byte order. */
  readonly isBigEndian: boolean;
}

const TYPES: Readonly<Record<number, MessageHead['type']>> = {
  1: 'schema',
  2: 'dictionary',
  3: 'batch',
};

/**
 * Parses a head, and checks what it states about its body. Throws a `RangeError` for a damaged one.
 */
export const readMessageHead = (metadata: Uint8Array): MessageHead => {
  const message = rootTable(metadata);
  const type = TYPES[byteField(message, 1)] ?? 'other';
  const header = tableField(message, 2);
  const bodyBytes = countField(message, 3);
  if (header === null) throw new RangeError('a message has no header');
  const plain = {
    type,
    bodyBytes,
    rows: 0,
    compression: null,
    isBigEndian: type === 'schema' && shortField(header, 0) === 1,
  };
  const batch = type === 'dictionary' ? tableField(header, 1) : type === 'batch' ? header : null;
  tablesField(message, 4);
  if (type === 'schema') checkSchema(header);
  if (batch === null) return plain;
  checkBuffers(batch, bodyBytes);
  const compression = tableField(batch, 3);
  return {
    ...plain,
    rows: countField(batch, 0),
    compression: compression === null ? null : byteField(compression, 0) === 0 ? 'lz4' : 'zstd',
  };
};

const STRUCT_BYTES = 16;
const COUNT_BYTES = 8;

/**
 * The package's reader trusts lengths, accepts buffers outside of the body, and pads columns with
 * fewer rows than their batch. So these are checked here.
 */
const checkBuffers = (batch: FlatTable, bodyBytes: number): void => {
  const { view } = batch;
  const nodes = structsField(batch, 1, STRUCT_BYTES);
  const [first] = nodes;
  if (first !== undefined && countAt(view, first) !== countField(batch, 0))
    throw new RangeError('a column and its batch differ in row count');
  for (const at of nodes) {
    const [length, nulls] = [countAt(view, at), countAt(view, at + 8)];
    if (nulls > length) throw new RangeError(`${nulls} of ${length} values are null`);
  }
  const buffers = structsField(batch, 2, STRUCT_BYTES);
  for (const at of buffers) {
    const end = countAt(view, at) + countAt(view, at + 8);
    if (end > bodyBytes)
      throw new RangeError(`a buffer ends at byte ${end} of a body of ${bodyBytes}`);
  }
  for (const at of structsField(batch, 4, COUNT_BYTES)) {
    if (countAt(view, at) > buffers.length)
      throw new RangeError(`a column has more buffers than the batch, which has ${buffers.length}`);
  }
};
