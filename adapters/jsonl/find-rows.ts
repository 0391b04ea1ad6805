import { SourceError } from '../../lib/ports/source-error.ts';
import type { FilePosition } from '../files/file-position.ts';
import type { FileReading } from '../files/file-reading.ts';
import { openWindow } from '../files/file-window.ts';
import { skipMark } from '../files/utf8.ts';
import { byte, END, type JsonCursor, jsonCursor, MORE } from './json-cursor.ts';

/** Where the rows of a JSON file are: in a list, or one behind the other. */
export interface RowsPlace {
  readonly form: 'list' | 'values';
  /** Behind the bracket of the list; where the first value may begin. */
  readonly start: FilePosition;
}

/** Keys are short. */
const KEY_BYTES_MAX = 64 * 1024;

/**
 * Finds the rows: the list that is the whole file, the one under `path` (names of objects, from the
 * outermost in), or, without either, the values of the file. Throws `SourceError` where `path`
 * leads nowhere, and where the file is one object that holds a list of objects, and is no row by
 * `idField`.
 */
export const findRows = async (
  reading: FileReading,
  { path, idField }: { readonly path: readonly string[]; readonly idField: string | null },
): Promise<RowsPlace> => {
  const ref = reading.file.path;
  const window = await openWindow(reading, null);
  try {
    await skipMark(window, ref);
    const cursor = jsonCursor(window, { line: 1, bytesMax: KEY_BYTES_MAX });
    const isFound = await descend(cursor, path, ref);
    const place = (form: RowsPlace['form']): RowsPlace => ({
      form,
      start: window.checkpointAt(cursor.offset, cursor.line, 0),
    });
    if ((await peek(cursor)) === byte.openList) {
      cursor.take();
      return place('list');
    }
    if (path.length === 0) {
      const found = place('values');
      // Of a file that is cut off, reading says so, behind its rows.
      const name = await onlyList(cursor, idField, ref).catch((error: unknown) => {
        if (error instanceof SourceError) return null;
        throw error;
      });
      if (name === null) return found;
      throw new SourceError(
        `holds one object, whose ${shown(name)} is a list of objects. Read that list (path: '${name.join('.')}')`,
        {
          ref,
        },
      );
    }
    throw new SourceError(isFound ? `holds no list at ${shown(path)}` : lostAt(path), {
      ref,
      line: cursor.line,
    });
  } finally {
    await window.close();
  }
};

export const shown = (path: readonly string[]): string => JSON.stringify(path.join('.'));

const lostAt = (path: readonly string[]): string =>
  `has no ${shown(path)}: name the list as it is nested, with points between the names`;

/**
 * The names under which the one object that is the whole file holds a list of objects, from the
 * outermost in; null: there are several objects, or it is a row.
 */
const onlyList = async (
  cursor: JsonCursor,
  idField: string | null,
  ref: string,
): Promise<readonly string[] | null> => {
  if ((await peek(cursor)) !== byte.open) return null;
  const found = await listIn(cursor, { idField, ref, levels: LEVELS_MAX });
  return Array.isArray(found) && (await peek(cursor)) === null ? found : null;
};

/** How deep lists are searched for: `data.items`, `response.data.items`. */
const LEVELS_MAX = 3;

/**
 * Passes an object, and tells the first list of objects in it; null: there is none. 'row': the
 * object has the field of the id, or is broken.
 */
const listIn = async (
  cursor: JsonCursor,
  {
    idField,
    ref,
    levels,
  }: {
    readonly idField: string | null;
    readonly ref: string;
    readonly levels: number;
  },
): Promise<readonly string[] | 'row' | null> => {
  cursor.take();
  let found: readonly string[] | null = null;
  for (let next = await peek(cursor); next === byte.quote; next = await peek(cursor)) {
    const name = nameIn(await value(cursor, ref));
    if (name === idField || typeof name !== 'string' || (await peek(cursor)) !== byte.colon)
      return 'row';
    cursor.take();
    const begins = await peek(cursor);
    if (found === null && begins === byte.openList) {
      cursor.take();
      // A name with a point in it cannot be part of a path.
      if ((await peek(cursor)) === byte.open && !name.includes('.')) found = [name];
      // The rest of a list is passed value by value.
      await passList(cursor, ref);
    } else if (found === null && begins === byte.open && levels > 1) {
      // A row's id stands in the outermost object alone.
      const inner = await listIn(cursor, { idField: null, ref, levels: levels - 1 });
      if (inner === 'row') return 'row';
      if (inner !== null && !name.includes('.')) found = [name, ...inner];
    } else await value(cursor, ref);
    if ((await peek(cursor)) !== byte.comma) break;
    cursor.take();
  }
  if ((await peek(cursor)) !== byte.close) return 'row';
  cursor.take();
  return found;
};

const passList = async (cursor: JsonCursor, ref: string): Promise<void> => {
  for (
    let next = await peek(cursor);
    next !== null && next !== byte.closeList;
    next = await peek(cursor)
  ) {
    if (next === byte.comma || next === byte.close) cursor.take();
    else await value(cursor, ref);
  }
  cursor.take();
};

/** Goes to the value under the names; false where there is none. */
const descend = async (
  cursor: JsonCursor,
  path: readonly string[],
  ref: string,
): Promise<boolean> => {
  for (const name of path) {
    if ((await peek(cursor)) !== byte.open)
      throw new SourceError(lostAt(path), { ref, line: cursor.line });
    cursor.take();
    if (!(await toMember(cursor, name, ref))) throw new SourceError(lostAt(path), { ref });
  }
  return true;
};

/** Goes to the value of the member of that name, in the object that was just opened. */
const toMember = async (cursor: JsonCursor, name: string, ref: string): Promise<boolean> => {
  for (;;) {
    if ((await peek(cursor)) !== byte.quote) return false;
    const key = await value(cursor, ref);
    if ((await peek(cursor)) !== byte.colon) return false;
    cursor.take();
    await peek(cursor);
    if (nameIn(key) === name) return true;
    await value(cursor, ref);
    if ((await peek(cursor)) !== byte.comma) return false;
    cursor.take();
  }
};

const nameIn = (key: Buffer | null): unknown => {
  if (key === null) return null;
  try {
    return JSON.parse(key.toString('utf8'));
  } catch {
    return null;
  }
};

/** The next byte that is no white space; null at the end. */
export const peek = async (cursor: JsonCursor): Promise<number | null> => {
  for (let found = cursor.peek(); ; found = cursor.peek()) {
    if (found === END) return null;
    if (found !== MORE) return found;
    await cursor.more();
  }
};

/** The bytes of the value that is next; null where it is long. */
const value = async (cursor: JsonCursor, ref: string): Promise<Buffer | null> => {
  for (let found = cursor.value(); ; found = cursor.value()) {
    if (found === END)
      throw new SourceError('ends in the middle of a value. Get the whole file', { ref });
    if (found !== MORE) return found.bytes === null ? null : Buffer.from(found.bytes);
    await cursor.more();
  }
};
