import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { RowMapping, SourceEntry } from '../../lib/ports/source.ts';
import type { FileRow } from '../files/file-source.ts';
import { once } from '../files/once.ts';
import { badEntry, createRowMapper, givenId } from '../files/row-mapping.ts';
import type { CheckedRow } from '../files/row-schema.ts';
import { checkRow } from '../files/row-schema.ts';
import type { JsonRow } from './parse-row.ts';

/**
 * Makes entries of rows of JSON: checked by `rowSchema`, if there is one, and mapped. Never throws.
 */
export const jsonRowReader = <
  Schema extends StandardSchemaV1,
  Payload,
  Metadata extends JsonObject,
>(
  path: string,
  options: {
    readonly rowSchema?: Schema;
    readonly keepsText?: boolean;
    readonly onMark?: (line: number) => void;
  } & RowMapping<StandardSchemaV1.InferOutput<Schema>, Payload, Metadata>,
): ((
  row: FileRow<JsonRow>,
) => SourceEntry<Payload, Metadata> | Promise<SourceEntry<Payload, Metadata>>) => {
  type Row = StandardSchemaV1.InferOutput<Schema>;
  const { rowSchema, itemId, keepsText = false } = options;
  const foundMark = once(options.onMark);
  const mapRow = createRowMapper<Row, Payload, Metadata>(path, options);
  return (row) => {
    const found = { index: row.position.index - 1, line: row.line, position: row.position };
    if (row.type === 'bad') return badEntry(path, found, row);
    const { value, written, text, hasMark } = row.value;
    if (hasMark) foundMark(row.line);
    const place = keepsText ? { ...found, text } : found;
    // Without a schema there is nothing to infer Row from, so it is the default: JsonObject.
    if (rowSchema === undefined) return mapRow(value as Row, { ...place, written });
    const finish = (checked: CheckedRow<Row>) =>
      checked.type === 'row'
        ? // An id that the schema made is not the one that is written.
          mapRow(checked.row, {
            ...place,
            written: isSameId(checked.row, value, itemId) ? written : null,
          })
        : badEntry(
            path,
            { ...place, written },
            { ...checked, row: value, itemId: givenId(value, itemId) },
          );
    const checked = checkRow(rowSchema, value);
    return checked instanceof Promise ? checked.then(finish) : finish(checked);
  };
};

const isSameId = (row: unknown, value: JsonObject, itemId: unknown): boolean =>
  typeof itemId === 'string' &&
  typeof row === 'object' &&
  row !== null &&
  (row as JsonObject)[itemId] === value[itemId];
