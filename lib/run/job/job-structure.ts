import type { SchemaRef, StructuredOutputConfig } from '../../core/model/config.ts';
import { isJsonObject, type JsonObject } from '../../core/json/json.ts';
import { type SchemaProblem, problemText } from '../../schema/problem.ts';
import { checkSchemaName, checkStrict } from '../../schema/strict-check.ts';
import {
  isCodec,
  isStandard,
  type MadeStructure,
  sentSchema,
  structureOfCodec,
  structureOfJsonSchema,
  structureOfStandard,
} from '../../schema/structure.ts';
import type { StructuredOutput } from '../../schema/types.ts';
import { defaultSchemaCompiler } from '../api/defaults.ts';
import { BatchorError } from '../api/errors.ts';
import type { AnyJob } from './job.ts';
import { invalid } from './job-limits.ts';
import { storedModule } from './schema-module.ts';

/** Caches derived schemas, once per job and process. */
const made = new WeakMap<object, MadeStructure>();

/** The structure of a schema of any library, without strictness checks. Throws a TypeError. */
export const makeStructure = (schema: StructuredOutput): MadeStructure => {
  const known = made.get(schema);
  if (known !== undefined) return known;
  const structure = makeNew(schema);
  made.set(schema, structure);
  return structure;
};

const makeNew = (schema: StructuredOutput): MadeStructure => {
  if (isStandard(schema)) return structureOfStandard(schema);
  if (isCodec(schema)) return structureOfCodec(schema);
  if (!isJsonObject(schema))
    throw new TypeError('neither a codec nor a Standard Schema nor a JSON Schema');
  // Through JSON, so that the stored and the sent schema are the same.
  return structureOfJsonSchema(
    JSON.parse(JSON.stringify(schema)) as JsonObject,
    defaultSchemaCompiler,
  );
};

/** Loads what reading by the schema needs. Throws `invalid_config` if Ajv cannot compile it. */
export const prepareStructure = async (schema: StructuredOutput): Promise<void> => {
  if (isStandard(schema) || isCodec(schema) || !isJsonObject(schema)) return;
  try {
    await makeStructure(schema).structure.prepare?.();
  } catch (error) {
    throw invalid(
      'structuredOutput',
      `structuredOutput is not a valid JSON Schema: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};

/**
 * The job's schema as sent and stored; null: none. Throws `schema_unsupported` or
 * `schema_not_strict`, naming every violation.
 */
export const structuredOutputOf = (job: AnyJob): StructuredOutputConfig | null => {
  const { structuredOutput, providerConfig } = job;
  if (structuredOutput === undefined) {
    if (job.schemaName !== undefined)
      throw invalid('schemaName', 'schemaName requires structuredOutput');
    return null;
  }
  const { schemaRules } = providerConfig;
  if (schemaRules === null)
    throw invalid(
      'structuredOutput',
      `the endpoint ${providerConfig.endpoint} of ${providerConfig.connection} does not support a schema for its answers`,
    );
  const { structure, vendor, problems } = madeBy(structuredOutput);
  if (problems.length > 0)
    throw new BatchorError(
      'schema_unsupported',
      { vendor, violations: problems },
      `the ${vendor} schema of structuredOutput has no strict JSON Schema\n${listOf(problems)}`,
      'Change these parts, or give a JSON Schema. Nothing was sent.',
    );
  const schemaName = job.schemaName ?? nameFor(structure.name);
  const jsonSchema = sentSchema(structure, schemaRules);
  const violations =
    schemaRules === undefined
      ? []
      : [...checkSchemaName(schemaName, schemaRules), ...checkStrict(jsonSchema, schemaRules)];
  if (violations.length > 0)
    throw new BatchorError(
      'schema_not_strict',
      { violations },
      `${schemaRules?.provider ?? 'the provider'} would reject the schema of structuredOutput\n${listOf(violations)}`,
      'Change these parts. Nothing was sent.',
    );
  return { schemaName, jsonSchema, schemaRef: refOf(job.schemaRef) };
};

const madeBy = (schema: StructuredOutput): MadeStructure => {
  try {
    return makeStructure(schema);
  } catch (error) {
    throw invalid(
      'structuredOutput',
      `structuredOutput is ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};

const refOf = (ref: SchemaRef | undefined): SchemaRef | null => {
  if (ref === undefined) return null;
  if (typeof ref.module === 'string' && typeof ref.export === 'string')
    return { module: storedModule(ref.module), export: ref.export };
  throw invalid(
    'schemaRef',
    'schemaRef must be { module, export }: the module with the schema, and the name of its export',
  );
};

/** A valid schema name from the schema's own name; `output` if it has none. */
export const nameFor = (name: string | null): string => {
  const fitting = (name ?? '').replace(/[^A-Za-z0-9_-]+/gu, '_').slice(0, 64);
  return fitting.replaceAll('_', '') === '' ? 'output' : fitting;
};

const shownMax = 8;
const listOf = (problems: readonly SchemaProblem[]): string => {
  const lines = problems.slice(0, shownMax).map((problem) => `  ${problemText(problem)}`);
  return [
    ...lines,
    ...(problems.length > shownMax ? [`  and ${problems.length - shownMax} more`] : []),
  ].join('\n');
};
