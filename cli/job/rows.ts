import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  isTooDeep,
  jsonDepthMax,
} from '../../lib/core/json/json.ts';
import { isLossy } from '../../lib/core/json/json-digits.ts';
import { numbersAsTexts } from '../../lib/core/json/json-numbers.ts';
import { memberText } from '../../lib/core/json/json-members.ts';
import type { SourceEntry, SourceRow } from '../../lib/ports/source.ts';
import { batchFormOf } from './batch-forms.ts';
import { readPrepared } from './prepared-row.ts';
import type { CliPrompt } from './prompt.ts';
import type { JobDescription } from './job-description.ts';
import {
  readRowValue,
  type RowValue,
  takesMessages,
  isMessageText,
  readMessageText,
} from './row-value.ts';
import { takesSystemPrompt } from './prompt-flags.ts';
import { parseTemplate, type Template, textOf } from './template.ts';

type BadField = { readonly field: string; readonly reason: string };
/** How the source writes fields whose numbers JavaScript would write otherwise. */
type Written = SourceRow['written'];
/** How the source writes the row. */
interface Letters {
  readonly written: Written;
  /** The row as JSON; null: it is not kept, or not JSON. */
  readonly text: string | null;
}
/** What a row keeps, good or bad, as members of its entry. */
interface KeptMetadata {
  readonly metadata: { readonly metadata?: JsonObject };
  readonly metadataText: { readonly metadataText?: string };
}
type PromptOf = (row: JsonObject, letters: Letters) => { readonly payload: CliPrompt } | BadField;

/**
 * Turns a row of a file into an item whose payload is its prompt, or into a bad row that names the
 * field with the error.
 */
export const rowMapper = (
  description: JobDescription,
): ((entry: SourceEntry) => SourceEntry<CliPrompt>) => {
  const promptOf = promptReader(description);
  const metadataOf = metadataReader(description);
  const withMetadata = (row: JsonObject, written: Written): KeptMetadata => {
    const metadata = metadataOf(row);
    const text =
      metadata === null || !description.keepsLetters ? null : digitsIn(metadata, written);
    return {
      metadata: metadata === null ? {} : { metadata },
      metadataText: text === null ? {} : { metadataText: text },
    };
  };
  return (entry) => {
    if ('bad' in entry) {
      const { row, ...bad } = entry.bad;
      if (!isJsonObject(row)) return { ...entry, bad };
      const { metadata, metadataText } = withMetadata(row, entry.written);
      return { ...entry, bad: { ...bad, ...metadata }, ...metadataText };
    }
    const { item, position, location, primaryKey, idField, origin, written, text = null } = entry;
    const from = origin === undefined ? {} : { origin };
    const row = isJsonObject(item.payload) ? item.payload : {};
    const { metadata, metadataText } = withMetadata(row, written);
    const prompt = promptOf(row, { written, text });
    if ('reason' in prompt) {
      const place = rowIndexIn(entry);
      const reason = place === null ? prompt.reason : `${prompt.reason} (row index ${place})`;
      return {
        bad: {
          ...prompt,
          reason,
          itemId: item.itemId,
          location: location ?? { ref: '', line: null },
          ...metadata,
        },
        ...metadataText,
        ...from,
        position,
      };
    }
    const { payload } = prompt;
    return {
      item: { itemId: item.itemId, payload, ...metadata },
      position,
      ...from,
      ...metadataText,
      ...(location === undefined ? {} : { location }),
      ...(primaryKey === undefined ? {} : { primaryKey }),
      ...(idField === undefined ? {} : { idField }),
    };
  };
};

/**
 * The index of a row that has no line, as in Parquet and Arrow files; null: it has a line.
 * Positions count from 1, and are nested where there are several files.
 */
const rowIndexIn = ({
  position,
  location,
}: SourceEntry & { readonly location?: { readonly line: number | null } }): number | null => {
  if ((location?.line ?? null) !== null) return null;
  let found: unknown = position;
  while (isJsonObject(found) && isJsonObject(found['position'])) found = found['position'];
  const index = isJsonObject(found) ? found['index'] : undefined;
  return typeof index === 'number' ? index - 1 : null;
};

const promptReader = (description: JobDescription): PromptOf => {
  const { prompt, systemPrompt, refusesObjects, refusesMessageTexts, model } = description;
  if (prompt.type === 'prepared') {
    const { url } = prompt;
    const form = batchFormOf(prompt.form);
    return (row, { written, text }) => {
      const read = readPrepared(row, { form, url, model });
      if ('reason' in read) return read;
      const bodyText = text === null ? null : memberText(text, form.body);
      return bodyText === null
        ? (roundedIn(row, form.body, written) ?? read)
        : { payload: { bodyText } };
    };
  }
  const withSystem = (text: string): CliPrompt =>
    systemPrompt === null ? text : { prompt: text, systemPrompt };
  if (prompt.type === 'template') {
    const template = parseTemplate(prompt.template);
    return (row, { written }) => {
      const bad =
        unusableIn(row, template.fields, refusesObjects) ??
        (refusesMessageTexts ? messagesAlone(row, template, description) : null);
      if (bad !== null) return bad;
      const made = template.render(row, written);
      return 'text' in made
        ? { payload: withSystem(made.text) }
        : {
            field: made.missing,
            reason: `the template's field ${JSON.stringify(made.missing)} is missing; there are ${namesOf(row)}`,
          };
    };
  }
  const { field, type } = prompt;
  const what = `the ${type === 'messages' ? 'messages' : 'prompt'} field ${JSON.stringify(field)}`;
  return (row, { written, text }) => {
    const value: JsonValue | undefined = Object.hasOwn(row, field) ? row[field] : undefined;
    if (value === undefined)
      return { field, reason: `${what} is missing; there are ${namesOf(row)}` };
    const read = readRowValue(value, field);
    if (type === 'messages' && (read.type === 'text' || read.type === 'texts'))
      return messagesOf(value, description, { field, what });
    const refused = refusesMessageTexts ? textOfMessages(value, description) : null;
    if (refused !== null) return { field, reason: `${what} ${refused}` };
    if (read.type === 'text') return { payload: withSystem(written?.get(field) ?? read.text) };
    if (!refusesObjects && value !== null && !isTooDeep(value))
      return { payload: withSystem(textOf(value)) };
    const sent = sendable(read, description);
    if ('reason' in sent) return { field, reason: `${what} ${sent.reason}` };
    const messagesText = text === null || read.type !== 'messages' ? null : memberText(text, field);
    return messagesText === null
      ? (roundedIn(row, field, written) ?? sent)
      : { payload: { messagesText } };
  };
};

/** JavaScript writes the JSON that is sent, so a number that it would change is refused. */
const roundedIn = (row: JsonObject, field: string, written: Written): BadField | null => {
  const text = written?.get(field);
  if (text === undefined || JSON.stringify(JSON.parse(text)) === JSON.stringify(row[field]))
    return null;
  return {
    field,
    reason: `${JSON.stringify(field)} holds a number with more digits than JavaScript keeps, so another number would be sent. Shorten it, or write it as a string where the API takes one`,
  };
};

/** The messages of a text, letter by letter. */
const messagesOf = (
  value: JsonValue,
  { systemPrompt }: JobDescription,
  { field, what }: { readonly field: string; readonly what: string },
): { readonly payload: CliPrompt } | BadField => {
  const read =
    typeof value === 'string'
      ? readMessageText(value)
      : ({ type: 'unusable', reason: 'holds no list of chat messages' } as const);
  if (read.type === 'unusable') return { field, reason: `${what} ${read.reason}` };
  return systemPrompt === null
    ? { payload: { messagesText: read.json } }
    : { field, reason: `${what} ${messagesBesideSystem}` };
};

const messagesBesideSystem =
  'holds messages, so --system-prompt cannot be added: put it into the messages';

/** Why a text that is a list of chat messages is not sent as one text; null: it is another text. */
const textOfMessages = (
  value: JsonValue | undefined,
  { endpoint }: JobDescription,
): string | null => {
  if (typeof value !== 'string' || !takesSystemPrompt(endpoint) || !isMessageText(value))
    return null;
  const way = takesMessages(endpoint)
    ? 'name it with --messages-field'
    : 'build the messages in a job module (--job)';
  return `holds chat messages as a text, which would go out as one message of the user: ${way}`;
};

/** A template of one field and nothing else, where the row has chat messages. */
const messagesAlone = (
  row: JsonObject,
  { fields: [field = ''], isFieldAlone }: Template,
  description: JobDescription,
): BadField | null => {
  if (!isFieldAlone) return null;
  const value = Object.hasOwn(row, field) ? row[field] : undefined;
  const text = Array.isArray(value) && !isTooDeep(value) ? JSON.stringify(value) : value;
  const reason = textOfMessages(text, description);
  return reason === null
    ? null
    : { field, reason: `the template's field ${JSON.stringify(field)} ${reason}` };
};

/** A list, where the endpoint takes one. */
const sendable = (
  read: RowValue,
  { endpoint, systemPrompt }: JobDescription,
): { readonly payload: CliPrompt } | { readonly reason: string } => {
  if (read.type === 'messages' && takesMessages(endpoint))
    return systemPrompt === null
      ? { payload: { messages: read.messages } }
      : { reason: messagesBesideSystem };
  if (read.type === 'texts' && (endpoint === 'embeddings' || endpoint === 'moderations'))
    return { payload: { input: read.texts } };
  if (read.type === 'unusable') return read;
  return {
    reason: `holds a list of ${read.type === 'texts' ? 'texts' : 'chat messages'}, which ${endpoint} does not take`,
  };
};

/**
 * A field of a template: a string unchanged, other values as JSON; a missing value makes a bad row.
 */
const unusableIn = (
  row: JsonObject,
  fields: readonly string[],
  refusesNull: boolean,
): BadField | null => {
  for (const field of fields) {
    const value = Object.hasOwn(row, field) ? row[field] : undefined;
    const reason =
      value === null && refusesNull
        ? 'is null'
        : isTooDeep(value)
          ? `is nested more than ${jsonDepthMax} levels deep`
          : null;
    if (reason !== null)
      return { field, reason: `the template's field ${JSON.stringify(field)} ${reason}` };
  }
  return null;
};

const metadataReader = ({
  keepsColumns,
  metadataFields,
  idField,
  prompt,
}: JobDescription): ((row: JsonObject) => JsonObject | null) => {
  if (keepsColumns) {
    const left =
      prompt.type === 'field' || prompt.type === 'messages' ? [idField, prompt.field] : [idField];
    return (row) =>
      Object.fromEntries(Object.entries(row).filter(([name]) => !left.includes(name)));
  }
  if (metadataFields.length === 0) return () => null;
  // A field that a JSON row does not have is left out.
  return (row) =>
    Object.fromEntries(
      metadataFields.filter((name) => Object.hasOwn(row, name)).map((name) => [name, row[name]]),
    );
};

/**
 * The metadata as JSON, its numbers as they are written but for those that JavaScript cannot hold:
 * they are texts. Null: it is as JavaScript writes it.
 */
const digitsIn = (metadata: JsonObject, written: Written): string | null => {
  const names = Object.keys(metadata);
  if (written === undefined || !names.some((name) => written.has(name))) return null;
  const members = names.map((name) => {
    const text = written.get(name);
    const value =
      text === undefined ? JSON.stringify(metadata[name]) : numbersAsTexts(text, isLossy);
    return `${JSON.stringify(name)}:${value}`;
  });
  return `{${members.join(',')}}`;
};

/** Every field that the job names, with the flag that names it. */
export const namedFields = ({
  idField,
  prompt,
  metadataFields,
}: JobDescription): readonly { readonly flag: string; readonly field: string }[] => [
  { flag: '--id-field', field: idField },
  ...(prompt.type === 'field' ? [{ flag: '--prompt-field', field: prompt.field }] : []),
  ...(prompt.type === 'messages' ? [{ flag: '--messages-field', field: prompt.field }] : []),
  ...(prompt.type === 'template'
    ? parseTemplate(prompt.template).fields.map((field) => ({ flag: '--prompt-template', field }))
    : []),
  ...metadataFields.map((field) => ({ flag: '--metadata-field', field })),
];

const namesShownMax = 20;

/** The names of a row's fields, for a message. */
export const namesOf = (row: JsonObject): string => {
  const names = Object.keys(row);
  const shown = names.slice(0, namesShownMax).map((name) => JSON.stringify(name));
  return names.length === 0
    ? 'none'
    : [
        ...shown,
        ...(names.length > namesShownMax ? [`and ${names.length - namesShownMax} more`] : []),
      ].join(', ');
};
