import type { RowPart, RowParts, SpanColumns } from '../../lib/ports/row-query.ts';
import { fromStorable } from '../../lib/core/json/storable-text.ts';
import type { Row } from './session.ts';

/** A part of a page in SQL, and how its columns are read from the answer. */
interface PartInSql<P extends RowPart> {
  readonly columns: readonly string[];
  /** The tables it needs besides `items`. */
  readonly joins?: (schema: string) => string;
  /** @param at the place of its first column in each row */
  readonly read: (rows: readonly Row[], at: number) => RowParts[P];
}

const ints = (rows: readonly Row[], at: number, absent = 0): Uint32Array =>
  Uint32Array.from(rows, (row) => Number(row[at] ?? absent));
const longs = (rows: readonly Row[], at: number): Float64Array =>
  Float64Array.from(rows, (row) => Number(row[at] ?? 0));
const someInts = (rows: readonly Row[], at: number, absent: number): Uint32Array | null =>
  rows.some((row) => row[at] !== null) ? ints(rows, at, absent) : null;

/** From columns `name, offset, length`, null where there is no line. */
const spans = (rows: readonly Row[], at: number): SpanColumns => {
  const objects: string[] = [];
  const numbers = new Map<string, number>();
  const objectNos = Uint32Array.from(rows, (row) => {
    if (row[at] === null) return 0;
    const name = row[at] as string;
    const known = numbers.get(name) ?? objects.push(name);
    numbers.set(name, known);
    return known;
  });
  return { objects, objectNos, offsets: longs(rows, at + 1), lengths: ints(rows, at + 2) };
};

const objectsAs = (schema: string, name: string, no: string): string =>
  `${schema}.objects ${name} on ${name}.run_no = items.run_no and ${name}.object_no = ${no}`;

export const partsInSql: { readonly [P in RowPart]: PartInSql<P> } = {
  ids: {
    columns: ['items.item_id'],
    read: (rows, at) => rows.map((row) => fromStorable(row[at] as string)),
  },
  states: {
    columns: ['status', 'charged', 'uncharged', 'batch_no', 'due_at_ms'].map((c) => `items.${c}`),
    read: (rows, at) => ({
      statuses: ints(rows, at),
      charged: ints(rows, at + 1),
      uncharged: ints(rows, at + 2),
      batchNos: ints(rows, at + 3),
      dueAtMs: longs(rows, at + 4),
    }),
  },
  sizes: {
    columns: ['items.request_length', 'items.tokens', 'items.inputs'],
    read: (rows, at) => ({
      bytes: ints(rows, at),
      tokens: someInts(rows, at + 1, 0),
      inputs: someInts(rows, at + 2, 1),
    }),
  },
  sameAs: {
    columns: ['items.same_as + 1'],
    read: (rows, at) => ints(rows, at),
  },
  requests: {
    columns: ['request.name', 'sent.request_offset', 'sent.request_length'],
    joins: (schema) =>
      `join ${schema}.items sent on sent.run_no = items.run_no and sent.item_index = coalesce(items.same_as, items.item_index)
       left join ${objectsAs(schema, 'request', 'sent.request_object')}`,
    read: spans,
  },
  items: {
    columns: ['item.name', 'items.item_offset', 'items.item_length'],
    joins: (schema) => `join ${objectsAs(schema, 'item', 'items.item_object')}`,
    read: spans,
  },
  results: {
    columns: ['items.sequence', 'items.code'],
    read: (rows, at) => ({
      sequences: longs(rows, at),
      codes: Int16Array.from(rows, (row) => (row[at] === null ? -1 : Number(row[at + 1]))),
    }),
  },
  answers: {
    columns: ['line.name', 'items.line_offset', 'items.line_length'],
    joins: (schema) => `left join ${objectsAs(schema, 'line', 'items.line_object')}`,
    read: spans,
  },
};
