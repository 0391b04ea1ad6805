import { isUtf8 } from 'node:buffer';
import type { Data } from 'apache-arrow';
import { lostInDecoding } from '../files/utf8.ts';
import type { Arrow, ReadCell } from './cell.ts';
import { spansOf } from './spans.ts';

/** A column of texts. */
export const readText = (arrow: Arrow, data: Data): ReadCell => {
  if (arrow.DataType.isUtf8View(data.type)) {
    const view = viewBytes(data);
    return (row) => {
      const bytes = view(row);
      return checked(bytes.toString('utf8'), bytes);
    };
  }
  const { begins, check } = spansOf(data, data.values.length as number);
  const bytes = bufferOf(data.values as Uint8Array);
  return (row) => {
    const [begin, end] = [begins[row] ?? -1, begins[row + 1] ?? -1];
    check(begin, end);
    const text = bytes.toString('utf8', begin, end);
    return text.includes('\u{FFFD}') ? checked(text, bytes.subarray(begin, end)) : text;
  };
};

const checked = (text: string, bytes: Uint8Array): string => {
  if (lostInDecoding(text, () => bytes) && !isUtf8(bytes))
    throw new RangeError('is not valid UTF-8');
  return text;
};

/** A column of bytes, as base64. */
export const readBinary = (arrow: Arrow, data: Data): ReadCell => {
  const { DataType } = arrow;
  const { type } = data;
  if (DataType.isBinaryView(type)) {
    const view = viewBytes(data);
    return (row) => view(row).toString('base64');
  }
  const bytes = bufferOf(data.values as Uint8Array);
  if (DataType.isFixedSizeBinary(type)) {
    const { byteWidth } = type;
    if (byteWidth < 0 || bytes.length < data.length * byteWidth)
      throw new RangeError(`a column of ${data.length} rows has too few bytes`);
    return (row) => bytes.toString('base64', row * byteWidth, (row + 1) * byteWidth);
  }
  if (!DataType.isBinary(type) && !DataType.isLargeBinary(type))
    throw new RangeError(`type ${String(type)} is not supported`);
  const { begins, check } = spansOf(data, bytes.length);
  return (row) => {
    const [begin, end] = [begins[row] ?? -1, begins[row + 1] ?? -1];
    check(begin, end);
    return bytes.toString('base64', begin, end);
  };
};

const VIEW_BYTES = 16;
const INLINE_BYTES_MAX = 12;

/** Short values are in the view itself, longer ones in one of the column's buffers. */
const viewBytes = (data: Data): ((row: number) => Buffer) => {
  const views = bufferOf(data.values as Uint8Array);
  const buffers = data.variadicBuffers.map(bufferOf);
  if (views.length < data.length * VIEW_BYTES)
    throw new RangeError(`a column of ${data.length} rows has too few views`);
  return (row) => {
    const at = row * VIEW_BYTES;
    const length = views.readInt32LE(at);
    if (length < 0) throw new RangeError('has a length below 0');
    if (length <= INLINE_BYTES_MAX) return views.subarray(at + 4, at + 4 + length);
    const buffer = buffers[views.readInt32LE(at + 8)];
    const begin = views.readInt32LE(at + 12);
    if (buffer === undefined || begin < 0 || begin + length > buffer.length)
      throw new RangeError('is outside of its buffer');
    return buffer.subarray(begin, begin + length);
  };
};

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
