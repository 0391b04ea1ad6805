import type { SchemaElement } from 'hyparquet';

/**
 * A schema with annotations for how this adapter converts values, in the older of Parquet's two
 * forms, which hyparquet uses throughout: enumerations are text; types without a JSON counterpart
 * (BSON, intervals, geometries) are bytes.
 */
export const plainSchema = (schema: readonly SchemaElement[]): SchemaElement[] =>
  schema.map(plainElement);

/**
 * The same without the annotation of decimals: hyparquet then returns the stored numbers and bytes.
 */
export const withoutDecimals = (schema: readonly SchemaElement[]): SchemaElement[] =>
  schema.map((element) => (element.converted_type === 'DECIMAL' ? bareElement(element) : element));

const plainElement = (element: SchemaElement): SchemaElement => {
  const { converted_type, logical_type } = element;
  switch (logical_type?.type) {
    case 'JSON':
    case 'DATE':
    case 'LIST':
    case 'MAP':
      return { ...element, converted_type: logical_type.type };
    case 'DECIMAL':
      return { ...element, converted_type: 'DECIMAL', scale: logical_type.scale };
    case 'ENUM':
      return { ...element, converted_type: 'UTF8' };
    case 'BSON':
    case 'INTERVAL':
    case 'GEOMETRY':
    case 'GEOGRAPHY':
      return bareElement(element);
    default:
  }
  if (converted_type === 'ENUM') return { ...element, converted_type: 'UTF8' };
  if (converted_type === 'BSON' || converted_type === 'INTERVAL') return bareElement(element);
  // Old writers annotated the map itself; on the repeated group inside of it the annotation means
  // nothing.
  if (converted_type === 'MAP_KEY_VALUE' && element.repetition_type !== 'REPEATED')
    return { ...element, converted_type: 'MAP' };
  return element;
};

const bareElement = ({
  converted_type: _converted,
  logical_type: _logical,
  ...element
}: SchemaElement): SchemaElement => element;
