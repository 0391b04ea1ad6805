import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { makeStructure, nameFor, prepareStructure } from '../../lib/run/job/job-structure.ts';
import { problemText } from '../../lib/schema/problem.ts';
import { checkSchemaName, checkStrict } from '../../lib/schema/strict-check.ts';
import { sentSchema } from '../../lib/schema/structure.ts';
import { sizesOf } from '../../lib/schema/strict-sizes.ts';
import { schemaRulesOf } from '../compose.ts';
import type { CliContext } from '../shell/context.ts';
import { type ExitCode, exitCodes } from '../shell/exit-codes.ts';
import { CliFailure } from '../shell/failure.ts';
import { parseModuleExport } from '../shell/load-module.ts';
import { writeJson, writeNotes } from '../print/render.ts';
import { loadSchema } from '../job/schema-source.ts';

export interface SchemaQuestion {
  readonly place: string;
  readonly model: string;
  readonly schemaName: string | undefined;
  readonly provider: string | undefined;
}

/** Prints the schema that would be sent, and its errors. */
export const checkSchema = async (
  context: CliContext,
  { place, model, schemaName, provider }: SchemaQuestion,
): Promise<ExitCode> => {
  const what = 'schema check';
  // A folder may have the sign in its name.
  const source =
    place.includes('#') && !existsSync(resolve(context.cwd, place))
      ? parseModuleExport(what, place, context.cwd, null)
      : { given: place, absolute: resolve(context.cwd, place), export: null };
  const { structuredOutput } = await loadSchema(source, what);
  const { structure, problems, vendor } = made(place, structuredOutput);
  await prepareStructure(structuredOutput);
  const rules = await schemaRulesOf(model, provider);
  const name = schemaName ?? nameFor(structure.name);
  const jsonSchema = sentSchema(structure, rules);
  const found = [
    ...problems,
    ...(problems.length > 0
      ? []
      : [...checkSchemaName(name, rules), ...checkStrict(jsonSchema, rules)]),
  ];
  const { depth, properties, nameChars, enumValues, optionalProperties, unions } =
    sizesOf(jsonSchema);
  if (context.isStderrTerminal || found.length > 0)
    writeNotes(
      context,
      found.length === 0
        ? [`batchor: ${rules.provider} takes ${place}`]
        : [
            `batchor: ${rules.provider} would refuse ${place}`,
            ...found.map((problem) => `  ${problemText(problem)}`),
          ],
    );
  await writeJson(context, {
    is_taken: found.length === 0,
    provider: rules.provider,
    vendor,
    schema_name: name,
    violations: found.map((problem) => ({
      path: problem.path,
      rule: problem.rule,
      message: problem.message,
      fix: problem.fix,
    })),
    sizes: {
      depth,
      properties,
      name_chars: nameChars,
      enum_values: enumValues,
      optional_properties: optionalProperties,
      unions,
    },
    json_schema: problems.length > 0 ? null : jsonSchema,
  });
  return found.length === 0 ? exitCodes.ok : exitCodes.verificationFailed;
};

const made = (
  place: string,
  schema: Parameters<typeof makeStructure>[0],
): ReturnType<typeof makeStructure> => {
  try {
    return makeStructure(schema);
  } catch (error) {
    throw new CliFailure(`${place} is ${error instanceof Error ? error.message : String(error)}`);
  }
};
