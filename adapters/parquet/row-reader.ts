import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { RowMapping, SourceEntry } from '../../lib/ports/source.ts';
import { badEntry, createRowMapper, givenId } from '../files/row-mapping.ts';
import { checkRow } from '../files/row-schema.ts';
import type { ParquetRow } from './read-rows.ts';

/**
 * Makes entries of rows: checked by `rowSchema`, if there is one, and mapped. Never throws: whatever is wrong with a row makes it a bad
 * one, whose reason ends in its index, since rows of a Parquet file have no lines.
 */
export const createRowReader = <Schema extends StandardSchemaV1, Payload, Metadata extends JsonObject>(
  ref: string,
  options: { readonly rowSchema?: Schema } & RowMapping<StandardSchemaV1.InferOutput<Schema>, Payload, Metadata>,
): ((row: ParquetRow) => SourceEntry<Payload, Metadata> | Promise<SourceEntry<Payload, Metadata>>) => {
  type Row = StandardSchemaV1.InferOutput<Schema>;
  const { rowSchema, itemId } = options;
  const mapRow = createRowMapper<Row, Payload, Metadata>(ref, options);
  return ({ index, value, fault }) => {
    const place = { index, line: null, position: { index: index + 1 } };
    if (fault !== null) return placed(badEntry(ref, place, { ...fault, itemId: givenId(value, itemId) }), index);
    // Without a schema there is nothing to infer Row from, so it is the default: an object by column.
    if (rowSchema === undefined) return placed(mapRow(value as Row, place), index);
    const finish = (checked: Awaited<ReturnType<typeof checkRow<Schema>>>): SourceEntry<Payload, Metadata> =>
      placed(
        checked.type === 'row' ? mapRow(checked.row, place) : badEntry(ref, place, { ...checked, itemId: givenId(value, itemId) }),
        index,
      );
    const checked = checkRow(rowSchema, value);
    return checked instanceof Promise ? checked.then(finish) : finish(checked);
  };
};

const placed = <Payload, Metadata extends JsonObject>(
  entry: SourceEntry<Payload, Metadata>,
  index: number,
): SourceEntry<Payload, Metadata> =>
  'bad' in entry ? { ...entry, bad: { ...entry.bad, reason: `${entry.bad.reason} (row index ${index})` } } : entry;
