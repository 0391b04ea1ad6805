import type { SchemaRef, StructuredOutputConfig } from '../../core/model/config.ts';
import { isJsonObject, type JsonObject } from '../../core/json/json.ts';
import { type SchemaProblem, problemText } from '../../schema/problem.ts';
import { checkSchemaName, checkStrict } from '../../schema/strict-check.ts';
import {
  isCodec,
  isStandard,
  type MadeStructure,
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

/** Deriving a schema costs more than looking it up; a schema is asked for once per job and process. */
const made = new WeakMap<object, MadeStructure>();

/** The structure that a schema of whatever library describes; its problems are not looked at. Throws a TypeError for what is no schema. */
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
  if (!isJsonObject(schema)) throw new TypeError('no codec, no Standard Schema, and no JSON Schema');
  // Through JSON: what is compared and read by must be what is sent.
  return structureOfJsonSchema(JSON.parse(JSON.stringify(schema)) as JsonObject, defaultSchemaCompiler);
};

/** Loads what reading by the schema needs. What is no schema is told of where it is used; one that Ajv cannot compile is refused. */
export const prepareStructure = async (schema: StructuredOutput): Promise<void> => {
  if (isStandard(schema) || isCodec(schema) || !isJsonObject(schema)) return;
  try {
    await makeStructure(schema).structure.prepare?.();
  } catch (error) {
    throw invalid('structuredOutput', `structuredOutput is no JSON Schema: ${error instanceof Error ? error.message : String(error)}`);
  }
};

/** The job's schema as it is sent and stored, checked; null where it has none. Throws what names every place that the provider would refuse. */
export const structuredOutputOf = (job: AnyJob): StructuredOutputConfig | null => {
  const { structuredOutput, providerConfig } = job;
  if (structuredOutput === undefined) {
    if (job.schemaName !== undefined) throw invalid('schemaName', 'schemaName names a schema, and the job has no structuredOutput');
    return null;
  }
  const { schemaRules } = providerConfig;
  if (schemaRules === null)
    throw invalid(
      'structuredOutput',
      `the endpoint ${providerConfig.endpoint} of ${providerConfig.connection} takes no schema for its answers`,
    );
  const { structure, vendor, problems } = madeBy(structuredOutput);
  if (problems.length > 0)
    throw new BatchorError(
      'schema_unsupported',
      { vendor, violations: problems },
      `the ${vendor} schema of structuredOutput cannot be said as a strict JSON Schema\n${listOf(problems)}`,
      'Change these places, or give the JSON Schema itself. Nothing was sent.',
    );
  const schemaName = job.schemaName ?? nameFor(structure.name);
  const violations =
    schemaRules === undefined ? [] : [...checkSchemaName(schemaName, schemaRules), ...checkStrict(structure.jsonSchema, schemaRules)];
  if (violations.length > 0)
    throw new BatchorError(
      'schema_not_strict',
      { violations },
      `${schemaRules?.provider ?? 'the provider'} would refuse the schema of structuredOutput\n${listOf(violations)}`,
      'Change these places. Nothing was sent.',
    );
  return { schemaName, jsonSchema: structure.jsonSchema, schemaRef: refOf(job.schemaRef) };
};

const madeBy = (schema: StructuredOutput): MadeStructure => {
  try {
    return makeStructure(schema);
  } catch (error) {
    throw invalid('structuredOutput', `structuredOutput is ${error instanceof Error ? error.message : String(error)}`);
  }
};

const refOf = (ref: SchemaRef | undefined): SchemaRef | null => {
  if (ref === undefined) return null;
  if (typeof ref.module === 'string' && typeof ref.export === 'string') return { module: storedModule(ref.module), export: ref.export };
  throw invalid('schemaRef', 'schemaRef is { module, export }: where the schema is, and its name there');
};

/** The name that a schema gets by its own, which may have signs that no provider takes. */
export const nameFor = (name: string | null): string => {
  const fitting = (name ?? '').replace(/[^A-Za-z0-9_-]+/gu, '_').slice(0, 64);
  return fitting.replaceAll('_', '') === '' ? 'output' : fitting;
};

const shownMax = 8;
const listOf = (problems: readonly SchemaProblem[]): string => {
  const lines = problems.slice(0, shownMax).map((problem) => `  ${problemText(problem)}`);
  return [...lines, ...(problems.length > shownMax ? [`  and ${problems.length - shownMax} more`] : [])].join('\n');
};
