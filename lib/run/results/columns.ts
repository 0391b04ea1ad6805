import { lineageKey, metadataDigits, ownMetadataText } from './metadata-digits.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';
import type { FailedResult, ItemResult } from '../../core/settle/results.ts';
import type { Cell, TableColumn, TableColumnType } from '../../ports/table.ts';

export interface ResultColumn extends TableColumn {
  /** `itemLine`: the row's stored line, for numbers of the metadata as they are written. */
  readonly cell: (result: ItemResult, itemLine?: string) => Cell;
}

/** What determines the columns of a run. */
export interface TableContext {
  readonly jsonSchema: JsonObject | null;
  /** Rows may share the request and answer of an earlier row. */
  readonly isSharing: boolean;
  /** The first rows, which determine the metadata columns. */
  readonly sample: readonly ItemResult[];
  /** The stored lines of the same rows. */
  readonly sampleLines?: readonly string[];
  /** True if the provider's whole bodies were requested. */
  readonly hasResponses: boolean;
}

/** Maximum number of metadata columns. */
export const metadataColumnsMax = 200;

/** The columns of a run's results: fixed ones, fields of the schema, and metadata keys. */
export const resultTableColumns = (context: TableContext): readonly ResultColumn[] => [
  ...itemColumns,
  ...(context.isSharing ? [sharedColumn] : []),
  ...errorColumns,
  { name: 'output_text', type: 'text', cell: (result) => result.outputText },
  ...outputColumns(context),
  ...answerColumns,
  ...(context.hasResponses ? [responseColumn] : []),
  ...usageColumns,
  ...batchColumns,
  ...lineageColumns,
  ...metadataColumns(context),
];

const itemColumns: readonly ResultColumn[] = [
  { name: 'item_id', type: 'text', cell: (result) => result.itemId },
  { name: 'item_index', type: 'integer', cell: (result) => result.itemIndex },
  { name: 'sequence', type: 'integer', cell: (result) => result.sequence },
  { name: 'status', type: 'text', cell: (result) => result.status },
  { name: 'attempt_count', type: 'integer', cell: (result) => result.attemptCount },
  {
    name: 'uncharged_attempt_count',
    type: 'integer',
    cell: (result) => result.unchargedAttemptCount,
  },
];

const sharedColumn: ResultColumn = {
  name: 'shared_with_index',
  type: 'integer',
  cell: (result) => result.sharedWithIndex ?? null,
};

const errorOf = (result: ItemResult): FailedResult['error'] | null =>
  result.status === 'completed' ? null : result.error;
const errorColumns: readonly ResultColumn[] = [
  { name: 'error_class', type: 'text', cell: (result) => errorOf(result)?.errorClass ?? null },
  { name: 'error_code', type: 'text', cell: (result) => errorOf(result)?.errorCode ?? null },
  { name: 'error_message', type: 'text', cell: (result) => errorOf(result)?.message ?? null },
  { name: 'retryable', type: 'boolean', cell: (result) => errorOf(result)?.retryable ?? null },
  {
    name: 'raw_error',
    type: 'json',
    cell: (result) => cellOf('json', errorOf(result)?.rawError ?? null),
  },
];

const outputOf = (result: ItemResult): JsonValue =>
  result.status === 'completed' ? ((result.output ?? null) as JsonValue) : null;

/**
 * The whole output, and the fields that the schema names. Answers that are more than text are known
 * only once they are read, so the column always exists. It is null if the text is the whole answer.
 */
const outputColumns = ({ jsonSchema }: TableContext): readonly ResultColumn[] => {
  const properties = jsonSchema === null ? undefined : jsonSchema['properties'];
  const fields = isJsonObject(properties) ? Object.entries(properties) : [];
  return [
    {
      name: 'output',
      type: 'json',
      cell:
        jsonSchema === null
          ? moreThanText
          : (result) => asWritten(result) ?? cellOf('json', outputOf(result)),
    },
    ...fields.map(([field, schema]): ResultColumn => {
      const type = typeOfSchema(schema ?? null);
      return {
        name: `output.${field}`,
        type,
        cell: (result) => cellOf(type, fieldOf(outputOf(result), field)),
      };
    }),
  ];
};

const moreThanText = (result: ItemResult): Cell =>
  isItsText(result) ? null : cellOf('json', outputOf(result));
const isItsText = (result: ItemResult): boolean =>
  result.status === 'completed' && result.output === result.outputText;

const answerColumns: readonly ResultColumn[] = [
  { name: 'finish_reason', type: 'text', cell: (result) => result.finishReason },
  { name: 'tool_calls', type: 'json', cell: (result) => cellOf('json', result.toolCalls) },
];
const responseColumn: ResultColumn = {
  name: 'response',
  type: 'json',
  cell: (result) => cellOf('json', result.response ?? null),
};

/** Numbers that JavaScript may round: many digits, or a large exponent. */
const mayBeRounded = /\d{16}|\de[+-]?\d{3}/iu;

/** The JSON that the model wrote, if parsing may have rounded a number; else null. */
const asWritten = (result: ItemResult): string | null =>
  result.status === 'completed' &&
  result.output !== null &&
  mayBeRounded.test(result.outputText ?? '')
    ? (result.outputText ?? '').trim()
    : null;

const plainTypes: Readonly<Record<string, TableColumnType>> = {
  string: 'text',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
};

/** The column type for a schema. Nullable changes nothing. */
const typeOfSchema = (schema: JsonValue): TableColumnType => {
  if (!isJsonObject(schema)) return 'json';
  const { type, anyOf, enum: values } = schema;
  if (Array.isArray(anyOf))
    return onlyType(
      (anyOf as readonly JsonValue[]).filter((each) => !isNullSchema(each)).map(typeOfSchema),
    );
  if (Array.isArray(type))
    return onlyType(
      (type as readonly JsonValue[]).filter((each) => each !== 'null').map(nameToType),
    );
  if (
    type === undefined &&
    Array.isArray(values) &&
    values.every((value) => typeof value === 'string')
  )
    return 'text';
  return nameToType(type ?? null);
};

const nameToType = (name: JsonValue): TableColumnType =>
  typeof name === 'string' ? (plainTypes[name] ?? 'json') : 'json';
const isNullSchema = (schema: JsonValue): boolean =>
  isJsonObject(schema) && schema['type'] === 'null';
const onlyType = (types: readonly TableColumnType[]): TableColumnType => {
  const [first = 'json'] = types;
  return types.every((type) => type === first) ? first : 'json';
};

const usageColumns: readonly ResultColumn[] = [
  { name: 'input_tokens', type: 'integer', cell: (result) => result.usage?.inputTokens ?? null },
  {
    name: 'cached_input_tokens',
    type: 'integer',
    cell: (result) => result.usage?.cachedInputTokens ?? null,
  },
  { name: 'output_tokens', type: 'integer', cell: (result) => result.usage?.outputTokens ?? null },
  {
    name: 'reasoning_tokens',
    type: 'integer',
    cell: (result) => result.usage?.reasoningTokens ?? null,
  },
  { name: 'cost_usd', type: 'number', cell: (result) => result.costUsd },
];

const batchColumns: readonly ResultColumn[] = [
  { name: 'batch_id', type: 'text', cell: (result) => result.batchId },
  { name: 'latency_s', type: 'number', cell: (result) => result.latencyS },
];

const lineageOf = (result: ItemResult, key: string): JsonValue =>
  fieldOf(fieldOf(result.metadata, lineageKey), key);
const lineageColumns: readonly ResultColumn[] = [
  {
    name: 'source_ref',
    type: 'text',
    cell: (result) => cellOf('text', lineageOf(result, 'source_ref')),
  },
  {
    name: 'source_item_index',
    type: 'integer',
    cell: (result) => cellOf('integer', lineageOf(result, 'source_item_index')),
  },
  {
    name: 'source_primary_key',
    type: 'text',
    cell: (result) => cellOf('text', lineageOf(result, 'source_primary_key')),
  },
  {
    name: 'source_namespace',
    type: 'text',
    cell: (result) => cellOf('text', lineageOf(result, 'source_namespace')),
  },
];

/** The whole metadata as JSON, and one column per key of the first rows. */
const metadataColumns = ({ sample, sampleLines = [] }: TableContext): readonly ResultColumn[] => {
  const kinds = new Map<string, TableColumnType>();
  for (const [row, { metadata }] of sample.entries()) {
    const digits = metadataDigits(sampleLines[row]);
    for (const [key, value] of Object.entries(metadata)) {
      if (key === lineageKey || value === null || value === undefined) continue;
      // A column of numbers that are written otherwise holds them as JSON does: with their digits.
      const kind = digits.has(key) ? 'json' : kindOf(value as JsonValue);
      const known = kinds.get(key);
      if (known !== undefined) kinds.set(key, known === kind ? kind : 'json');
      else if (kinds.size < metadataColumnsMax) kinds.set(key, kind);
    }
  }
  return [
    {
      name: 'metadata',
      type: 'json',
      cell: (result, itemLine) => {
        const { [lineageKey]: _, ...own } = result.metadata;
        return ownMetadataText(itemLine) ?? JSON.stringify(own);
      },
    },
    ...[...kinds].map(([key, type]): ResultColumn => ({
      name: `metadata.${key}`,
      type,
      cell: (result, itemLine) =>
        (type === 'json' ? metadataDigits(itemLine).get(key) : undefined) ??
        cellOf(type, fieldOf(result.metadata, key)),
    })),
  ];
};

/** Whole numbers are `number` too: a later row may have a fraction. */
const kindOf = (value: JsonValue): TableColumnType =>
  typeof value === 'string'
    ? 'text'
    : typeof value === 'number'
      ? 'number'
      : typeof value === 'boolean'
        ? 'boolean'
        : 'json';

const fieldOf = (value: JsonValue | object, key: string): JsonValue =>
  isJsonObject(value) && Object.hasOwn(value, key) ? (value[key] ?? null) : null;

/**
 * The value as the column's type, or null if it does not fit. A JSON column has the whole value.
 */
export const cellOf = (type: TableColumnType, value: JsonValue): Cell => {
  if (value === null) return null;
  switch (type) {
    case 'text':
      return typeof value === 'string' ? value : JSON.stringify(value);
    case 'integer':
      return Number.isSafeInteger(value) ? (value as number) : null;
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'json':
      return JSON.stringify(value);
  }
};
