import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { RowMapping, SourceEntry } from '../../lib/ports/source.ts';
import { badEntry, createRowMapper, givenId, keptOf, withRowIndex } from '../files/row-mapping.ts';
import { checkRow } from '../files/row-schema.ts';
import type { ParquetRow } from './read-rows.ts';

/**
 * Makes entries from rows: checked by `rowSchema`, if there is one, and mapped. Never throws: any
 * fault makes a bad row. Its reason ends with the row index, since rows of a Parquet file have no
 * lines.
 */
export const createRowReader = <
  Schema extends StandardSchemaV1,
  Payload,
  Metadata extends JsonObject,
>(
  ref: string,
  options: { readonly rowSchema?: Schema } & RowMapping<
    StandardSchemaV1.InferOutput<Schema>,
    Payload,
    Metadata
  >,
): ((
  row: ParquetRow,
) => SourceEntry<Payload, Metadata> | Promise<SourceEntry<Payload, Metadata>>) => {
  type Row = StandardSchemaV1.InferOutput<Schema>;
  const { rowSchema, itemId } = options;
  const mapRow = createRowMapper<Row, Payload, Metadata>(ref, options);
  return ({ index, value, fault, written }) => {
    const origin = { index, line: null, position: { index: index + 1 }, written };
    if (fault !== null)
      return withRowIndex(
        badEntry(ref, origin, {
          ...fault,
          // The mapping is promised rows that fit the schema.
          ...(rowSchema === undefined ? keptOf(options, value as Row, index) : { row: value }),
          itemId: givenId(value, itemId),
        }),
        index,
      );
    // Without a schema, Row cannot be inferred and is the default: an object by column.
    if (rowSchema === undefined) return withRowIndex(mapRow(value as Row, origin), index);
    const finish = (
      checked: Awaited<ReturnType<typeof checkRow<Schema>>>,
    ): SourceEntry<Payload, Metadata> =>
      withRowIndex(
        checked.type === 'row'
          ? mapRow(checked.row, origin)
          : badEntry(ref, origin, { ...checked, row: value, itemId: givenId(value, itemId) }),
        index,
      );
    const checked = checkRow(rowSchema, value);
    return checked instanceof Promise ? checked.then(finish) : finish(checked);
  };
};
