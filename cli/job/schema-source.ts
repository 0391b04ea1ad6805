import { resolve } from 'node:path';
import type { SchemaRef } from '../../lib/core/model/config.ts';
import { isJsonObject } from '../../lib/core/json/json.ts';
import type { StructuredOutput } from '../../lib/schema/types.ts';
import { CliFailure } from '../shell/failure.ts';
import { readText } from '../shell/read-text.ts';
import { isMissing, reasonOf } from '../shell/system-error.ts';
import { loadExportOf, parseModuleExport } from '../shell/load-module.ts';

/** The place of a job's schema: a JSON file, or a module's export. */
export interface SchemaSource {
  readonly given: string;
  readonly absolute: string;
  /** Null: a file of JSON. */
  readonly export: string | null;
}

export interface SchemaFlags {
  readonly schema: string | undefined;
  readonly structuredOutput: string | undefined;
  readonly schemaName: string | undefined;
}

/** The answers' schema from the flags; null: answers are plain text. */
export const schemaSourceOf = (
  { schema, structuredOutput, schemaName }: SchemaFlags,
  cwd: string,
): SchemaSource | null => {
  if (schema !== undefined && structuredOutput !== undefined)
    throw new CliFailure('--schema and --structured-output exclude each other', {
      hint: 'Give a JSON Schema file, or a module that exports a schema.',
    });
  if (schema !== undefined) return { given: schema, absolute: resolve(cwd, schema), export: null };
  if (structuredOutput !== undefined)
    return parseModuleExport('--structured-output', structuredOutput, cwd, null);
  if (schemaName === undefined) return null;
  throw new CliFailure('--schema-name needs a schema', {
    hint: 'Give one: --schema FILE.json or --structured-output MODULE#EXPORT.',
  });
};

/** The schema, and for a module's export how another process finds it again. */
export const loadSchema = async (
  source: SchemaSource,
  flag: string = source.export === null ? '--schema' : '--structured-output',
): Promise<{ readonly structuredOutput: StructuredOutput; readonly schemaRef?: SchemaRef }> => {
  const { absolute, export: name } = source;
  if (name === null) return { structuredOutput: jsonSchemaIn(flag, source) };
  const structuredOutput = (await loadExportOf(flag, {
    ...source,
    export: name,
  })) as StructuredOutput;
  return { structuredOutput, schemaRef: { module: absolute, export: name } };
};

const jsonSchemaIn = (flag: string, { given, absolute }: SchemaSource): StructuredOutput => {
  let text: string;
  try {
    text = readText(absolute);
  } catch (error) {
    if (isMissing(error))
      throw new CliFailure(`${flag} ${given}: there is no file ${absolute}`, {
        hint: 'Check the path.',
      });
    throw new CliFailure(`${flag} ${given} cannot be read: ${reasonOf(error)}`, {
      hint: 'Check that it is a file that you may read.',
    });
  }
  let schema: unknown;
  try {
    schema = JSON.parse(text.replace(/^\uFEFF/u, ''));
  } catch (error) {
    throw new CliFailure(
      `${flag} ${given} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      {
        hint: 'Use --structured-output MODULE#EXPORT for a module that exports a schema.',
      },
    );
  }
  if (isJsonObject(schema)) return schema as unknown as StructuredOutput;
  throw new CliFailure(`${flag} ${given} holds no JSON object`);
};
