import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import type { BadSourceRow, BatchItem, RowMapping, SourceEntry } from '../../lib/ports/source.ts';

/** Where a row was found, and the checkpoint after it. */
export interface RowLocator {
  /** 0-based, counted over all rows of the source. */
  readonly index: number;
  /** 1-based line of the row's first byte; null where lines mean nothing. */
  readonly line: number | null;
  readonly position: JsonValue;
  /** How the source writes fields whose numbers JavaScript would write otherwise. */
  readonly written?: ReadonlyMap<string, string> | null;
  /** The row itself; null: it is not kept. */
  readonly text?: string | null;
}

/** What is wrong with a row. */
export interface RowFault {
  readonly reason: string;
  readonly field: string | null;
  /** The id the row gave itself; left out if none could be read. */
  readonly itemId?: string | null;
  /** What of the row could be read; left out: nothing. */
  readonly row?: unknown;
  readonly metadata?: JsonObject | undefined;
}

/** The entry for a row that cannot be an item. */
export const badEntry = (
  ref: string,
  { line, position, written, text }: RowLocator,
  { reason, field, itemId = null, row, metadata }: RowFault,
): BadSourceRow => ({
  bad: {
    reason,
    field,
    itemId,
    location: { ref, line },
    ...(row === undefined ? {} : { row }),
    ...(metadata === undefined ? {} : { metadata }),
  },
  ...(written === null || written === undefined ? {} : { written }),
  ...(text === null || text === undefined ? {} : { text }),
  position,
});

/**
 * Makes entries of rows by the user's mapping; for any source of rows. Never throws: a row without
 * a usable id, and one on which a function of the mapping throws, is a bad entry. It keeps its
 * metadata, if those can be made.
 */
export const createRowMapper =
  <Row, Payload, Metadata extends JsonObject>(
    ref: string,
    mapping: RowMapping<Row, Payload, Metadata>,
  ): ((row: Row, locator: RowLocator) => SourceEntry<Payload, Metadata>) =>
  (row, locator) => {
    const id = readId(mapping, row, locator);
    if (id.type === 'fault')
      return badEntry(ref, locator, { ...id, ...keptOf(mapping, row, locator.index) });
    const { itemId } = id;
    let mapped = 'payload';
    try {
      // The port makes Payload the row itself where no function is given; the compiler cannot see
      // that from here.
      const payload =
        mapping.payload === undefined
          ? (row as unknown as Payload)
          : mapping.payload(row, locator.index);
      mapped = 'metadata';
      const metadata = mapping.metadata?.(row, locator.index);
      const item: BatchItem<Payload, Metadata> =
        metadata === undefined ? { itemId, payload } : { itemId, payload, metadata };
      const location = { ref, line: locator.line };
      const written = {
        ...(locator.written === null || locator.written === undefined
          ? {}
          : { written: locator.written }),
        ...(locator.text === null || locator.text === undefined ? {} : { text: locator.text }),
      };
      // A column is the row's own key; what a function makes of a row need not be.
      if (typeof mapping.itemId === 'function')
        return { item, position: locator.position, location, ...written };
      return {
        item,
        position: locator.position,
        primaryKey: itemId,
        idField: mapping.itemId,
        location,
        ...written,
      };
    } catch (error) {
      return badEntry(ref, locator, {
        reason: `${mapped} threw: ${messageOf(error)}`,
        field: null,
        itemId,
        ...(mapped === 'payload' ? keptOf(mapping, row, locator.index) : { row }),
      });
    }
  };

/** What a bad row keeps of what could be read of it, where its metadata can be made of that. */
export const keptOf = <Row, Payload, Metadata extends JsonObject>(
  { metadata }: RowMapping<Row, Payload, Metadata>,
  row: Row,
  index: number,
): Pick<RowFault, 'row' | 'metadata'> => {
  try {
    return { row, metadata: metadata?.(row, index) };
  } catch {
    return { row };
  }
};

/** The entry of a file whose rows have no lines: a reason names the index of the row, from 0. */
export const withRowIndex = <Payload, Metadata extends JsonObject>(
  entry: SourceEntry<Payload, Metadata>,
  index: number,
): SourceEntry<Payload, Metadata> =>
  'bad' in entry
    ? { ...entry, bad: { ...entry.bad, reason: `${entry.bad.reason} (row index ${index})` } }
    : entry;

/**
 * The id that a row names in its id column, usable or not as an item; null if there is none to
 * read. For messages.
 */
export const givenId = (row: unknown, itemId: unknown): string | null => {
  const value = typeof itemId === 'string' ? fieldOf(row, itemId) : undefined;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
};

/** The message of a thrown value. */
export const messageOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);

type ReadId =
  { readonly type: 'id'; readonly itemId: string } | ({ readonly type: 'fault' } & RowFault);

const readId = <Row, Payload, Metadata extends JsonObject>(
  mapping: RowMapping<Row, Payload, Metadata>,
  row: Row,
  { index, written }: RowLocator,
): ReadId => {
  if (typeof mapping.itemId !== 'function') {
    const value = fieldOf(row, mapping.itemId);
    // Two numbers that are written differently are two ids.
    const id = typeof value === 'number' ? (written?.get(mapping.itemId) ?? value) : value;
    return checkId(id, `the id field "${mapping.itemId}"`, mapping.itemId);
  }
  try {
    return checkId(mapping.itemId(row, index), 'what itemId returned', null);
  } catch (error) {
    return { type: 'fault', reason: `itemId threw: ${messageOf(error)}`, field: null };
  }
};

const checkId = (value: unknown, what: string, field: string | null): ReadId => {
  const fault = (reason: string): ReadId => ({ type: 'fault', reason: `${what} ${reason}`, field });
  if (typeof value === 'string')
    return value.trim() === '' ? fault('is empty') : { type: 'id', itemId: value };
  if (value === undefined) return fault('is missing');
  if (typeof value !== 'number') return fault(`is ${nameOf(value)}, not a string or a number`);
  if (!Number.isFinite(value)) return fault(`is ${value}, not a finite number`);
  // Beyond 2^53 reading JSON rounds: two different ids would become one, and one row would be lost.
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    return fault('is a number too large to be exact. Write it as a string');
  return { type: 'id', itemId: String(value) };
};

const fieldOf = (row: unknown, name: string): unknown =>
  typeof row === 'object' && row !== null && Object.hasOwn(row, name)
    ? (row as Readonly<Record<string, unknown>>)[name]
    : undefined;

/** What kind of thing a value is, with its article, for messages. */
export const nameOf = (value: unknown): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
};
