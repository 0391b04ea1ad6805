import type { RunConfig, StructuredOutputConfig } from '../../core/model/config.ts';
import type { RunId } from '../../core/values/ids.ts';
import type { JsonObject } from '../../core/json/json.ts';
import { parseAnswer } from '../../schema/parse-answer.ts';
import { storedForm, type Structure, structureOfJsonSchema } from '../../schema/structure.ts';
import type { StructuredOutput } from '../../schema/types.ts';
import { defaultSchemaCompiler } from '../api/defaults.ts';
import type { AnswerReading } from '../../effects/ports.ts';
import { type BoundedReading, boundedReading } from './bounded-reading.ts';
import { makeStructure } from './job-structure.ts';
import { differencesOf, thenAndNow } from '../identity/compare-job.ts';
import { loadExport } from './schema-module.ts';

/** How this process reads a run's structured answers. */
export interface RunStructure {
  readonly schemaName: string;
  readonly jsonSchema: JsonObject;
  /**
   * `given`: by the schema of this runner's job. `module`: by the schema that the run's `schemaRef`
   * names. `stored_schema`: by the stored JSON Schema, so that outputs are the model's JSON.
   */
  readonly readBy: 'given' | 'module' | 'stored_schema';
  /** Why the run's schema module is not used, if it names one. */
  readonly note: string | null;
}

export interface ReadableStructure extends RunStructure {
  readonly read: Structure['read'];
  readonly readAll: BoundedReading['readAll'];
}

/** The structures of one runner's runs: given, imported or stored. */
export interface Structures {
  /** Reads the run's answers by this schema from now on. */
  set(runId: RunId, schema: StructuredOutput | undefined): void;
  /** Null for plain text answers. Never fails: a module that cannot be used becomes a note. */
  of(runId: RunId, config: RunConfig): Promise<ReadableStructure | null>;
  /** Reads each answer by the current structure: a job may be given while the run is driven. */
  readerOf(runId: RunId, config: RunConfig): Promise<AnswerReading | null>;
}

export const createStructures = (
  importModule: (url: string) => Promise<unknown> = (url) => import(url) as Promise<unknown>,
): Structures => {
  const given = new Map<RunId, StructuredOutput>();
  const loaded = new Map<RunId, Promise<ReadableStructure>>();
  const find = async (stored: StructuredOutputConfig): Promise<ReadableStructure> => {
    const { schemaName, jsonSchema, schemaRef } = stored;
    if (schemaRef === null) return storedStructure(stored, null);
    const where = `${schemaRef.module}#${schemaRef.export}`;
    try {
      const { structure } = makeStructure(
        (await loadExport(schemaRef, importModule)) as StructuredOutput,
      );
      const [difference] = differencesOf(
        'jsonSchema',
        jsonSchema,
        storedForm(structure, jsonSchema),
      );
      if (difference === undefined)
        return await prepared({ schemaName, jsonSchema, readBy: 'module', note: null }, structure);
      return storedStructure(
        stored,
        `${where} has changed since the run started (${difference.field}: ${thenAndNow(difference)})`,
      );
    } catch (error) {
      return storedStructure(
        stored,
        `${where} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
  const structures: Structures = {
    set(runId, schema) {
      if (schema !== undefined) given.set(runId, schema);
    },
    async readerOf(runId, config) {
      const first = await structures.of(runId, config);
      if (first === null) return null;
      return {
        readAll: (texts) => {
          const schema = given.get(runId);
          return (
            schema === undefined ? first : boundedReading(makeStructure(schema).structure.read)
          ).readAll(texts);
        },
      };
    },
    of(runId, { structuredOutput }) {
      if (structuredOutput === null) return Promise.resolve(null);
      const schema = given.get(runId);
      if (schema !== undefined) {
        const { schemaName, jsonSchema } = structuredOutput;
        return prepared(
          { schemaName, jsonSchema, readBy: 'given', note: null },
          makeStructure(schema).structure,
        );
      }
      const known = loaded.get(runId) ?? find(structuredOutput);
      loaded.set(runId, known);
      return known;
    },
  };
  return structures;
};

const storedStructure = (
  { schemaName, jsonSchema }: StructuredOutputConfig,
  note: string | null,
): Promise<ReadableStructure> =>
  prepared(
    { schemaName, jsonSchema, readBy: 'stored_schema', note },
    structureOfJsonSchema(jsonSchema, defaultSchemaCompiler).structure,
  );

/**
 * A schema that cannot be compiled checks nothing. Answers are read as JSON, and a note says why.
 */
const prepared = async (
  stored: RunStructure,
  { read, prepare }: Structure,
): Promise<ReadableStructure> => {
  try {
    await prepare?.();
    return { ...stored, ...boundedReading(read) };
  } catch (error) {
    const note = `the JSON Schema stored with the run cannot be used to check answers: ${error instanceof Error ? error.message : String(error)}`;
    return {
      ...stored,
      note: stored.note === null ? note : `${stored.note}; ${note}`,
      ...boundedReading(readJson),
    };
  }
};

const readJson: Structure['read'] = (text) => {
  const parsed = parseAnswer(text);
  return parsed.type === 'fault'
    ? parsed
    : { type: 'fits', output: parsed.value, json: parsed.value };
};
