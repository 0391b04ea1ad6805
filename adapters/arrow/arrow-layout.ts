import { SourceError } from '../../lib/ports/source-error.ts';
import type { OpenFile } from '../files/open-file.ts';
import { messageOf } from '../files/row-mapping.ts';
import { checkSchema } from './check-schema.ts';
import { countAt, rootTable, shortField, structsField, tableField } from './flat-buffer.ts';
import { schemaOfFooter } from './footer-schema.ts';
import { damaged, readBytes, readMessage } from './read-message.ts';
import type { ArrowMessage } from './read-message.ts';

/** The messages of an Arrow file. */
export interface ArrowLayout {
  readonly schema: ArrowSchema;
  /**
   * Dictionaries, and the record batches from this 0-based one on. Each batch comes after its
   * dictionaries.
   */
  messages(fromBatch: number): AsyncIterable<ArrowMessage>;
}

/** The schema's message. */
export interface ArrowSchema {
  readonly bytes: Uint8Array;
  /** Its byte offset in the file. */
  readonly offset: number;
}

const MAGIC = 'ARROW1';
/** The magic at the front, padded. */
const HEAD_BYTES = 8;
/** The footer's length and the magic after it. */
const TAIL_BYTES = 4 + MAGIC.length;

/**
 * Reads a file's ends and its schema. Throws `SourceError` for a file that is empty, damaged,
 * truncated or not Arrow.
 */
export const readLayout = async (file: OpenFile): Promise<ArrowLayout> => {
  if (file.sizeBytes === 0)
    throw new SourceError('is empty. Add rows to it, or remove it from the job', {
      ref: file.path,
    });
  const head = Buffer.from(await readBytes(file, 0, Math.min(HEAD_BYTES, file.sizeBytes)));
  const isFile = head.toString('latin1', 0, MAGIC.length) === MAGIC;
  if (!isFile && !looksLikeStream(head, file.sizeBytes)) throw notArrow(file, head);
  if (!isFile) {
    const message = await readMessage(file, 0);
    if (message?.head.type !== 'schema') throw damaged(file, 0, 'it should be the schema');
    checkByteOrder(file, message.head.isBigEndian);
    return {
      schema: { bytes: message.bytes, offset: 0 },
      messages: (fromBatch) => streamMessages(file, message.end, fromBatch),
    };
  }
  const footer = await readFooter(file);
  checkByteOrder(file, footer.isBigEndian);
  const schema = await readSchema(file, footer);
  return { schema, messages: (fromBatch) => blockMessages(file, footer, fromBatch) };
};

const checkByteOrder = (file: OpenFile, isBigEndian: boolean): void => {
  if (!isBigEndian) return;
  const what =
    'holds numbers with the big end first, which is not supported. Write it with the little end first';
  throw new SourceError(what, { ref: file.path });
};

/**
 * By the standard, the schema also follows the magic; the writer of apache-arrow has it in the
 * footer only.
 */
const readSchema = async (file: OpenFile, footer: ArrowFooter): Promise<ArrowSchema> => {
  const first = await readMessage(file, HEAD_BYTES);
  if (first?.head.type === 'schema') return { bytes: first.bytes, offset: HEAD_BYTES };
  try {
    return { bytes: await schemaOfFooter(footer.bytes), offset: footer.offset };
  } catch (error) {
    throw damaged(file, footer.offset, `the footer's schema: ${messageOf(error)}`, error);
  }
};

/**
 * A stream begins with a continuation mark, or, before version 0.15, with the length of the schema.
 */
const looksLikeStream = (head: Buffer, sizeBytes: number): boolean => {
  if (head.length < HEAD_BYTES) return false;
  if (head.readUInt32LE(0) === 0xffff_ffff) return true;
  const metadataBytes = head.readUInt32LE(0);
  return metadataBytes > 0 && metadataBytes < sizeBytes && head.readUInt32LE(4) < metadataBytes;
};

const notArrow = (file: OpenFile, head: Buffer): SourceError => {
  const start = head.toString('latin1', 0, 4);
  const what =
    start === 'FEA1'
      ? 'is Feather version 1, which is not supported. Write it as version 2, which is Arrow'
      : start === 'PAR1'
        ? 'holds a Parquet file, not an Arrow file. Read it as Parquet: name it .parquet, or say so'
        : 'is not an Arrow file: neither the file format (.arrow, .feather) nor the stream format (.arrows)';
  return new SourceError(what, { ref: file.path });
};

interface ArrowFooter {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly isBigEndian: boolean;
  /** The byte offset of each. */
  readonly dictionaries: readonly number[];
  readonly batches: readonly number[];
}

const BLOCK_BYTES = 24;

const readFooter = async (file: OpenFile): Promise<ArrowFooter> => {
  const cutOff = new SourceError(
    'is cut off: it begins as an Arrow file, but has no footer at its end. Write or copy it again, and check that its writer was closed',
    { ref: file.path },
  );
  if (file.sizeBytes < HEAD_BYTES + TAIL_BYTES) throw cutOff;
  const tail = Buffer.from(await readBytes(file, file.sizeBytes - TAIL_BYTES, TAIL_BYTES));
  if (tail.toString('latin1', 4) !== MAGIC) throw cutOff;
  const footerBytes = tail.readUInt32LE(0);
  const offset = file.sizeBytes - TAIL_BYTES - footerBytes;
  if (offset < HEAD_BYTES)
    throw damaged(
      file,
      file.sizeBytes - TAIL_BYTES,
      `a footer of ${footerBytes} bytes does not fit`,
    );
  const bytes = await readBytes(file, offset, footerBytes);
  try {
    const footer = rootTable(bytes);
    const offsets = (field: number): readonly number[] =>
      structsField(footer, field, BLOCK_BYTES).map((at) => {
        const block = countAt(footer.view, at);
        if (block < offset) return block;
        throw new RangeError(`a block at byte ${block} is outside of the messages`);
      });
    const schema = tableField(footer, 1);
    if (schema !== null) checkSchema(schema);
    const isBigEndian = schema !== null && shortField(schema, 0) === 1;
    return { offset, bytes, isBigEndian, dictionaries: offsets(2), batches: offsets(3) };
  } catch (error) {
    throw damaged(file, offset, `the footer: ${messageOf(error)}`, error);
  }
};

/**
 * By the footer, directly from the batch on. Dictionaries come first, since in a file they may be
 * anywhere.
 */
async function* blockMessages(
  file: OpenFile,
  { dictionaries, batches }: ArrowFooter,
  fromBatch: number,
): AsyncGenerator<ArrowMessage> {
  if (fromBatch > batches.length) throw behindEnd(file, batches.length, fromBatch);
  for (const offset of dictionaries) yield await expectMessage(file, offset, 'dictionary');
  for (const offset of batches.slice(fromBatch)) yield await expectMessage(file, offset, 'batch');
}

const expectMessage = async (
  file: OpenFile,
  offset: number,
  type: 'dictionary' | 'batch',
): Promise<ArrowMessage> => {
  const message = await readMessage(file, offset);
  if (message?.head.type === type) return message;
  throw damaged(file, offset, `it should be a ${type}`);
};

/** Message by message, since a stream has no footer; of skipped batches only the heads are read. */
async function* streamMessages(
  file: OpenFile,
  start: number,
  fromBatch: number,
): AsyncGenerator<ArrowMessage> {
  let batches = 0;
  let message = await readMessage(file, start);
  while (message !== null) {
    const { type } = message.head;
    if (type === 'schema' || type === 'other')
      throw damaged(file, message.offset, 'it is neither a batch nor a dictionary');
    if (type === 'dictionary' || batches >= fromBatch) yield message;
    if (type === 'batch') batches += 1;
    message = await readMessage(file, message.end);
  }
  if (fromBatch > batches) throw behindEnd(file, batches, fromBatch);
}

const behindEnd = (file: OpenFile, batches: number, fromBatch: number): SourceError =>
  new SourceError(
    `has ${batches} record batches, fewer than needed to continue at batch ${fromBatch}. Restore the file that the run began with`,
    { ref: file.path },
  );
