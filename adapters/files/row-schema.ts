import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { RowFault } from './row-mapping.ts';
import { messageOf } from './row-mapping.ts';

/** A row as its schema gives it, or what the schema has against it. */
export type CheckedRow<Row> =
  { readonly type: 'row'; readonly row: Row } | ({ readonly type: 'fault' } & RowFault);

/**
 * Checks a row by any Standard Schema. Never throws or rejects: a schema that throws on a row makes
 * it a bad one. A promise only for a schema that is itself asynchronous, so that a synchronous one
 * costs no turn of the event loop per row.
 */
export const checkRow = <Schema extends StandardSchemaV1>(
  schema: Schema,
  value: unknown,
):
  | CheckedRow<StandardSchemaV1.InferOutput<Schema>>
  | Promise<CheckedRow<StandardSchemaV1.InferOutput<Schema>>> => {
  try {
    const result = schema['~standard'].validate(value) as
      Validated<Schema> | Promise<Validated<Schema>>;
    return result instanceof Promise ? result.then(toChecked, threw) : toChecked(result);
  } catch (error) {
    return threw(error);
  }
};

type Validated<Schema extends StandardSchemaV1> = StandardSchemaV1.Result<
  StandardSchemaV1.InferOutput<Schema>
>;

const toChecked = <Row>(result: StandardSchemaV1.Result<Row>): CheckedRow<Row> => {
  if (result.issues === undefined) return { type: 'row', row: result.value };
  const [first] = result.issues;
  const field = first === undefined ? '' : pathOf(first);
  return {
    type: 'fault',
    reason: describeIssues(result.issues),
    field: field === '' ? null : field,
  };
};

const threw = (error: unknown): { readonly type: 'fault' } & RowFault => ({
  type: 'fault',
  reason: `rowSchema threw: ${messageOf(error)}`,
  field: null,
});

/** Maximum number of violations in a message. */
const ISSUES_SHOWN = 3;

const describeIssues = (issues: readonly StandardSchemaV1.Issue[]): string => {
  const shown = issues.slice(0, ISSUES_SHOWN).map((issue) => {
    const path = pathOf(issue);
    return path === '' ? issue.message : `${path}: ${issue.message}`;
  });
  const more = issues.length - shown.length;
  return `does not fit rowSchema: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
};

/** A path as one writes it in code: `user.tags[0]`. */
const pathOf = (issue: StandardSchemaV1.Issue): string =>
  (issue.path ?? [])
    .map((segment) => (typeof segment === 'object' ? segment.key : segment))
    .map((key, depth) =>
      typeof key === 'number' ? `[${key}]` : `${depth === 0 ? '' : '.'}${String(key)}`,
    )
    .join('');
