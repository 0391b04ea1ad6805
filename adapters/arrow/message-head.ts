import { byteField, countAt, countField, rootTable, shortField, structsField, tableField } from './flat-buffer.ts';
import type { FlatTable } from './flat-buffer.ts';

export type Compression = 'lz4' | 'zstd';

/** What the head of an Arrow message says, as far as it is needed to find one's way from message to message. */
export interface MessageHead {
  readonly type: 'schema' | 'dictionary' | 'batch' | 'other';
  readonly bodyBytes: number;
  /** Rows of a batch, values of a dictionary. */
  readonly rows: number;
  /** How the buffers of its body are compressed; null where they are not. */
  readonly compression: Compression | null;
  /** A schema's word for its byte order. */
  readonly isBigEndian: boolean;
}

const TYPES: Readonly<Record<number, MessageHead['type']>> = { 1: 'schema', 2: 'dictionary', 3: 'batch' };

/** Reads a head, and checks what it says of its own body. Throws a `RangeError` for one that is damaged. */
export const readMessageHead = (metadata: Uint8Array): MessageHead => {
  const message = rootTable(metadata);
  const type = TYPES[byteField(message, 1)] ?? 'other';
  const header = tableField(message, 2);
  const bodyBytes = countField(message, 3);
  if (header === null) throw new RangeError('a message has no header');
  const plain = { type, bodyBytes, rows: 0, compression: null, isBigEndian: type === 'schema' && shortField(header, 0) === 1 };
  const batch = type === 'dictionary' ? tableField(header, 1) : type === 'batch' ? header : null;
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

/** The reader of the package believes lengths, and would take buffers from anywhere. */
const checkBuffers = (batch: FlatTable, bodyBytes: number): void => {
  for (const at of structsField(batch, 1, STRUCT_BYTES)) {
    const [length, nulls] = [countAt(batch.view, at), countAt(batch.view, at + 8)];
    if (nulls > length) throw new RangeError(`${nulls} of ${length} values are null`);
  }
  for (const at of structsField(batch, 2, STRUCT_BYTES)) {
    const end = countAt(batch.view, at) + countAt(batch.view, at + 8);
    if (end > bodyBytes) throw new RangeError(`a buffer ends at byte ${end} of a body of ${bodyBytes}`);
  }
};
