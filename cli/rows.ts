import { isJsonObject, type JsonObject, type JsonValue } from '../lib/core/json.ts';
import { isTooDeep, jsonDepthMax } from '../lib/core/json-depth.ts';
import type { SourceEntry } from '../lib/ports/source.ts';
import type { PromptParts } from '../lib/ports/provider.ts';
import type { JobDescription } from './job-description.ts';
import { parseTemplate, textOf } from './template.ts';

/** What a row is turned into. */
export type CliPrompt = string | PromptParts | { readonly body: JsonObject };
type PromptOf = (row: JsonObject) => { readonly text: string } | { readonly field: string; readonly reason: string };

/** A row of a file becomes an item whose payload is its prompt, or a bad row that says which field is at fault. */
export const rowMapper = (description: JobDescription): ((entry: SourceEntry) => SourceEntry<CliPrompt>) => {
  const promptOf = promptReader(description.prompt);
  const metadataOf = metadataReader(description);
  const { systemPrompt } = description;
  return (entry) => {
    if ('bad' in entry) return entry;
    const { item, position, location, primaryKey, idField, origin } = entry;
    const from = origin === undefined ? {} : { origin };
    const row = isJsonObject(item.payload) ? item.payload : {};
    const prompt = promptOf(row);
    if ('reason' in prompt) {
      return { bad: { ...prompt, itemId: item.itemId, location: location ?? { ref: '', line: null } }, ...from, position };
    }
    const payload = systemPrompt === null ? prompt.text : { prompt: prompt.text, systemPrompt };
    const metadata = metadataOf(row);
    return {
      item: metadata === null ? { itemId: item.itemId, payload } : { itemId: item.itemId, payload, metadata },
      position,
      ...from,
      ...(location === undefined ? {} : { location }),
      ...(primaryKey === undefined ? {} : { primaryKey }),
      ...(idField === undefined ? {} : { idField }),
    };
  };
};

const promptReader = (prompt: JobDescription['prompt']): PromptOf => {
  if (prompt.type === 'template') {
    const template = parseTemplate(prompt.template);
    return (row) => {
      const deep = template.fields.find((field) => isTooDeep(row[field]));
      if (deep !== undefined) return { field: deep, reason: `the template's field ${JSON.stringify(deep)} ${tooDeep}` };
      const made = template.render(row);
      return 'text' in made
        ? made
        : { field: made.missing, reason: `the template's field ${JSON.stringify(made.missing)} is missing; there are ${namesOf(row)}` };
    };
  }
  const { field } = prompt;
  const what = `the prompt field ${JSON.stringify(field)}`;
  return (row) => {
    const value: JsonValue | undefined = Object.hasOwn(row, field) ? row[field] : undefined;
    if (value === undefined) return { field, reason: `${what} is missing; there are ${namesOf(row)}` };
    if (isTooDeep(value)) return { field, reason: `${what} ${tooDeep}` };
    const text = textOf(value);
    return value === null || text.trim() === '' ? { field, reason: `${what} is ${value === null ? 'null' : 'empty'}` } : { text };
  };
};

const tooDeep = `is nested more than ${jsonDepthMax} levels deep`;

const metadataReader = ({ keepsColumns, metadataFields, idField, prompt }: JobDescription): ((row: JsonObject) => JsonObject | null) => {
  if (keepsColumns) {
    const left = prompt.type === 'field' ? [idField, prompt.field] : [idField];
    return (row) => Object.fromEntries(Object.entries(row).filter(([name]) => !left.includes(name)));
  }
  if (metadataFields.length === 0) return () => null;
  // A field that a row of JSON leaves out is left out.
  return (row) => Object.fromEntries(metadataFields.filter((name) => Object.hasOwn(row, name)).map((name) => [name, row[name]]));
};

/** Every field that the job names, with the flag that names it. */
export const namedFields = ({
  idField,
  prompt,
  metadataFields,
}: JobDescription): readonly { readonly flag: string; readonly field: string }[] => [
  { flag: '--id-field', field: idField },
  ...(prompt.type === 'field'
    ? [{ flag: '--prompt-field', field: prompt.field }]
    : parseTemplate(prompt.template).fields.map((field) => ({ flag: '--prompt-template', field }))),
  ...metadataFields.map((field) => ({ flag: '--metadata-field', field })),
];

const namesShownMax = 20;

/** The names of a row's fields, for a message. */
export const namesOf = (row: JsonObject): string => {
  const names = Object.keys(row);
  const shown = names.slice(0, namesShownMax).map((name) => JSON.stringify(name));
  return names.length === 0
    ? 'none'
    : [...shown, ...(names.length > namesShownMax ? [`and ${names.length - namesShownMax} more`] : [])].join(', ');
};
