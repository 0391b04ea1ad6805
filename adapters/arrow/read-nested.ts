import type { Data } from 'apache-arrow';
import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import { need } from './cell.ts';
import type { ReadCell } from './cell.ts';
import { createObjectMaker } from './object-maker.ts';
import { spansOf } from './spans.ts';

type ReaderOf = (child: Data) => ReadCell;

/** Lists as arrays; `size` is for lists of fixed length. */
export const readList = (data: Data, readerOf: ReaderOf, size: number | null = null): ReadCell => {
  const child = firstChild(data);
  const read = readerOf(child);
  const slice = (begin: number, end: number): readonly JsonValue[] => {
    const values: JsonValue[] = [];
    for (let at = begin; at < end; at += 1) values.push(read(at));
    return values;
  };
  if (size !== null) {
    need(child.length, data.length * size);
    return (row) => slice(row * size, (row + 1) * size);
  }
  const { begins, check } = spansOf(data, child.length);
  return (row) => {
    const [begin, end] = [begins[row] ?? -1, begins[row + 1] ?? -1];
    check(begin, end);
    return slice(begin, end);
  };
};

export const readStruct = (data: Data, readerOf: ReaderOf): ReadCell => {
  const fields = data.type.children as readonly { readonly name: string }[];
  for (const child of data.children) need(child.length, data.length);
  return createObjectMaker(
    data.children.map((child, index) => ({
      name: fields[index]?.name ?? '',
      read: readerOf(child),
    })),
  );
};

/** Maps as objects; the last of several entries with one key counts. */
export const readMap = (data: Data, readerOf: ReaderOf): ReadCell => {
  const entries = firstChild(data);
  const [keys, values] = entries.children;
  if (keys === undefined || values === undefined)
    throw new RangeError('a map has no keys or no values');
  const [readKey, readValue] = [readerOf(keys), readerOf(values)];
  const { begins, check } = spansOf(data, Math.min(keys.length, values.length));
  return (row): JsonObject => {
    const [begin, end] = [begins[row] ?? -1, begins[row + 1] ?? -1];
    check(begin, end);
    const found: [string, JsonValue][] = [];
    for (let at = begin; at < end; at += 1) {
      const key = readKey(at);
      found.push([typeof key === 'object' ? JSON.stringify(key) : String(key), readValue(at)]);
    }
    return Object.fromEntries(found);
  };
};

const firstChild = (data: Data): Data => {
  const [child] = data.children;
  if (child === undefined) throw new RangeError('a list has no values');
  return child;
};
