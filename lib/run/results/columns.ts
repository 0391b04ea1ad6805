import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';
import type { FailedResult, ItemResult } from '../../core/settle/results.ts';
import type { Cell, TableColumn, TableColumnType } from '../../ports/table.ts';

export interface ResultColumn extends TableColumn {
  readonly cell: (result: ItemResult) => Cell;
}

/** What the columns of a run follow from. */
export interface TableScene {
  readonly jsonSchema: JsonObject | null;
  /** Rows may share the request, and the answer, of an earlier one. */
  readonly isSharing: boolean;
  /** The first rows, by which the columns of metadata are known. */
  readonly sample: readonly ItemResult[];
  /** True where the provider's whole bodies were asked for. */
  readonly hasResponses: boolean;
}

/** A run's metadata may have any keys: so many of them get columns of their own. */
export const metadataColumnsMax = 200;

/** The columns of a run's results: what every row has, the fields of the schema, and those of the metadata. */
export const resultTableColumns = (scene: TableScene): readonly ResultColumn[] => [
  ...itemColumns,
  ...(scene.isSharing ? [sharedColumn] : []),
  ...errorColumns,
  { name: 'output_text', type: 'text', cell: (result) => result.outputText },
  ...outputColumns(scene),
  ...answerColumns,
  ...(scene.hasResponses ? [responseColumn] : []),
  ...usageColumns,
  ...batchColumns,
  ...lineageColumns,
  ...metadataColumns(scene.sample),
];

const itemColumns: readonly ResultColumn[] = [
  { name: 'item_id', type: 'text', cell: (result) => result.itemId },
  { name: 'item_index', type: 'integer', cell: (result) => result.itemIndex },
  { name: 'sequence', type: 'integer', cell: (result) => result.sequence },
  { name: 'status', type: 'text', cell: (result) => result.status },
  { name: 'attempt_count', type: 'integer', cell: (result) => result.attemptCount },
  { name: 'uncharged_attempt_count', type: 'integer', cell: (result) => result.unchargedAttemptCount },
];

const sharedColumn: ResultColumn = { name: 'shared_with_index', type: 'integer', cell: (result) => result.sharedWithIndex ?? null };

const errorOf = (result: ItemResult): FailedResult['error'] | null => (result.status === 'completed' ? null : result.error);
const errorColumns: readonly ResultColumn[] = [
  { name: 'error_class', type: 'text', cell: (result) => errorOf(result)?.errorClass ?? null },
  { name: 'error_code', type: 'text', cell: (result) => errorOf(result)?.errorCode ?? null },
  { name: 'error_message', type: 'text', cell: (result) => errorOf(result)?.message ?? null },
  { name: 'retryable', type: 'boolean', cell: (result) => errorOf(result)?.retryable ?? null },
  { name: 'raw_error', type: 'json', cell: (result) => cellOf('json', errorOf(result)?.rawError ?? null) },
];

const outputOf = (result: ItemResult): JsonValue => (result.status === 'completed' ? ((result.output ?? null) as JsonValue) : null);

/**
 * The output as a whole, and the fields that the schema names. Which answers are more than text is known only once they are read: the column is
 * always there, and null where the text says it all.
 */
const outputColumns = ({ jsonSchema }: TableScene): readonly ResultColumn[] => {
  const properties = jsonSchema === null ? undefined : jsonSchema['properties'];
  const fields = isJsonObject(properties) ? Object.entries(properties) : [];
  return [
    {
      name: 'output',
      type: 'json',
      cell: jsonSchema === null ? moreThanText : (result) => asWritten(result) ?? cellOf('json', outputOf(result)),
    },
    ...fields.map(([field, schema]): ResultColumn => {
      const type = typeOfSchema(schema ?? null);
      return { name: `output.${field}`, type, cell: (result) => cellOf(type, fieldOf(outputOf(result), field)) };
    }),
  ];
};

const moreThanText = (result: ItemResult): Cell => (isItsText(result) ? null : cellOf('json', outputOf(result)));
const isItsText = (result: ItemResult): boolean => result.status === 'completed' && result.output === result.outputText;

const answerColumns: readonly ResultColumn[] = [
  { name: 'finish_reason', type: 'text', cell: (result) => result.finishReason },
  { name: 'tool_calls', type: 'json', cell: (result) => cellOf('json', result.toolCalls) },
];
const responseColumn: ResultColumn = { name: 'response', type: 'json', cell: (result) => cellOf('json', result.response ?? null) };

/** Numbers that may be more than a JavaScript number holds: many digits, or a large exponent. */
const mayBeRounded = /\d{16}|\de[+-]?\d{3}/iu;

/** The JSON that the model wrote, where reading it may have rounded a number; null elsewhere. */
const asWritten = (result: ItemResult): string | null =>
  result.status === 'completed' && result.output !== null && mayBeRounded.test(result.outputText ?? '')
    ? (result.outputText ?? '').trim()
    : null;

const plainTypes: Readonly<Record<string, TableColumnType>> = { string: 'text', integer: 'integer', number: 'number', boolean: 'boolean' };

/** What a column can hold of what a schema allows; null beside it changes nothing. */
const typeOfSchema = (schema: JsonValue): TableColumnType => {
  if (!isJsonObject(schema)) return 'json';
  const { type, anyOf, enum: values } = schema;
  if (Array.isArray(anyOf)) return onlyType((anyOf as readonly JsonValue[]).filter((each) => !isNullSchema(each)).map(typeOfSchema));
  if (Array.isArray(type)) return onlyType((type as readonly JsonValue[]).filter((each) => each !== 'null').map(nameToType));
  if (type === undefined && Array.isArray(values) && values.every((value) => typeof value === 'string')) return 'text';
  return nameToType(type ?? null);
};

const nameToType = (name: JsonValue): TableColumnType => (typeof name === 'string' ? (plainTypes[name] ?? 'json') : 'json');
const isNullSchema = (schema: JsonValue): boolean => isJsonObject(schema) && schema['type'] === 'null';
const onlyType = (types: readonly TableColumnType[]): TableColumnType => {
  const [first = 'json'] = types;
  return types.every((type) => type === first) ? first : 'json';
};

const usageColumns: readonly ResultColumn[] = [
  { name: 'input_tokens', type: 'integer', cell: (result) => result.usage?.inputTokens ?? null },
  { name: 'cached_input_tokens', type: 'integer', cell: (result) => result.usage?.cachedInputTokens ?? null },
  { name: 'output_tokens', type: 'integer', cell: (result) => result.usage?.outputTokens ?? null },
  { name: 'reasoning_tokens', type: 'integer', cell: (result) => result.usage?.reasoningTokens ?? null },
  { name: 'cost_usd', type: 'number', cell: (result) => result.costUsd },
];

const batchColumns: readonly ResultColumn[] = [
  { name: 'batch_id', type: 'text', cell: (result) => result.batchId },
  { name: 'latency_s', type: 'number', cell: (result) => result.latencyS },
];

const lineageKey = 'batchor_lineage';
const lineageOf = (result: ItemResult, key: string): JsonValue => fieldOf(fieldOf(result.metadata, lineageKey), key);
const lineageColumns: readonly ResultColumn[] = [
  { name: 'source_ref', type: 'text', cell: (result) => cellOf('text', lineageOf(result, 'source_ref')) },
  { name: 'source_item_index', type: 'integer', cell: (result) => cellOf('integer', lineageOf(result, 'source_item_index')) },
  { name: 'source_primary_key', type: 'text', cell: (result) => cellOf('text', lineageOf(result, 'source_primary_key')) },
  { name: 'source_namespace', type: 'text', cell: (result) => cellOf('text', lineageOf(result, 'source_namespace')) },
];

/** The whole of it, so that nothing is lost of rows that differ from the first ones, and a column for each key that those have. */
const metadataColumns = (sample: readonly ItemResult[]): readonly ResultColumn[] => {
  const kinds = new Map<string, TableColumnType>();
  for (const { metadata } of sample) {
    for (const [key, value] of Object.entries(metadata)) {
      if (key === lineageKey || value === null || value === undefined) continue;
      const kind = kindOf(value as JsonValue);
      const known = kinds.get(key);
      if (known !== undefined) kinds.set(key, known === kind ? kind : 'json');
      else if (kinds.size < metadataColumnsMax) kinds.set(key, kind);
    }
  }
  return [
    {
      name: 'metadata',
      type: 'json',
      cell: (result) => {
        const { [lineageKey]: _, ...own } = result.metadata;
        return JSON.stringify(own);
      },
    },
    ...[...kinds].map(([key, type]): ResultColumn => ({
      name: `metadata.${key}`,
      type,
      cell: (result) => cellOf(type, fieldOf(result.metadata, key)),
    })),
  ];
};

/** Numbers are columns of numbers, whole or not: a later row may have a fraction. */
const kindOf = (value: JsonValue): TableColumnType =>
  typeof value === 'string' ? 'text' : typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'json';

const fieldOf = (value: JsonValue | object, key: string): JsonValue =>
  isJsonObject(value) && Object.hasOwn(value, key) ? (value[key] ?? null) : null;

/** The value as the column's type can hold it; null where it cannot: the whole is in the column of JSON beside it. */
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
