import type { RecordBatch, Schema, Vector } from 'apache-arrow';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { OpenFile } from '../files/open-file.ts';
import { messageOf } from '../files/row-mapping.ts';
import { needCodec } from './codecs.ts';
import type { ArrowSchema } from './arrow-layout.ts';
import { damaged } from './read-message.ts';
import type { ArrowMessage } from './read-message.ts';

/** Makes record batches from messages, one at a time. */
export interface BatchLoader {
  readonly schema: Schema;
  /** Keeps a dictionary for later batches. */
  addDictionary(message: ArrowMessage, body: Uint8Array): void;
  /** A batch whose columns are views of `body`. */
  load(message: ArrowMessage, body: Uint8Array): RecordBatch;
}

/**
 * A reader of the package reads ahead of its output, and swallows errors of its input. So each
 * message gets its own reader, over the schema and that message, and dictionaries are passed from
 * one reader to the next.
 */
export const createBatchLoader = (
  arrow: typeof import('apache-arrow'),
  file: OpenFile,
  schema: ArrowSchema,
): BatchLoader => {
  let dictionaries: ReadonlyMap<number, Vector> = new Map();
  const open = (...messages: readonly Uint8Array[]) => {
    const reader = arrow.RecordBatchReader.from([
      schema.bytes,
      ...messages.filter(({ length }) => length > 0),
    ]).open();
    for (const [id, dictionary] of dictionaries) reader.dictionaries.set(id, dictionary);
    return reader;
  };
  const reading = <Result>(offset: number, read: () => Result): Result => {
    try {
      return read();
    } catch (error) {
      if (error instanceof SourceError) throw error;
      const what = messageOf(error);
      if (what.startsWith('Unrecognized type')) {
        throw new SourceError(
          `holds a column of a type that apache-arrow cannot read (${what}). Write that column as another type`,
          {
            ref: file.path,
            cause: error,
          },
        );
      }
      throw damaged(file, offset, what, error);
    }
  };
  return {
    schema: reading(schema.offset, () => open().schema),
    addDictionary: (message, body) =>
      reading(message.offset, () => {
        needCodec(arrow, file.path, message.head.compression);
        const reader = open(message.bytes, body);
        reader.next();
        dictionaries = new Map(reader.dictionaries);
      }),
    load: (message, body) =>
      reading(message.offset, () => {
        needCodec(arrow, file.path, message.head.compression);
        const batch: unknown = open(message.bytes, body).next().value;
        if (!(batch instanceof arrow.RecordBatch)) throw new RangeError('it holds no batch');
        // Columns of unequal lengths would be padded with nulls.
        if (batch.numRows === message.head.rows) return batch;
        throw new RangeError(`it should have ${message.head.rows} rows and has ${batch.numRows}`);
      }),
  };
};
