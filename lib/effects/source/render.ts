import { customIdsOf } from '../../core/values/custom-ids.ts';
import { type JsonObject, type JsonValue, isTooDeep, jsonDepthMax } from '../../core/json/json.ts';
import { onOneLine } from '../../core/json/json-members.ts';
import { idOfBadRow, idOfBadRowBeside } from '../../core/source/source.ts';
import type { MoneyPolicy, RunConfig } from '../../core/model/config.ts';
import type {
  LineRenderer,
  PreparedRequest,
  ProviderWire,
  RenderedLine,
} from '../../ports/provider.ts';
import type { RowLocation, SourceEntry, SourceOrigin, SourceRow } from '../../ports/source.ts';
import type { TokenCounter, CountedTokens } from '../../ports/tokens.ts';
import type { EngineSource } from '../ports.ts';

/** The ports that rendering needs; a quote has no others. */
export interface RenderPorts {
  readonly run: { readonly snapshot: { readonly config: RunConfig } };
  readonly provider: Pick<ProviderWire, 'renderer' | 'renderRequest'>;
  readonly tokens: TokenCounter | null;
}

/**
 * One row, ready for the payload plane: its request line (empty for a bad row) and its item line.
 */
export interface RenderedRow {
  readonly itemId: string;
  readonly line: string;
  readonly itemLine: string;
  readonly tokens: number | null;
  /** False where they are estimated, and no bound. */
  readonly areTokensExact?: boolean;
  readonly inputs: number;
  /** Set where the prompt itself bounds its answer, against what the job says; null: unbounded. */
  readonly outputTokensMax?: number | null;
  /** Why it cannot be an item; null for a good row. */
  readonly bad: BadRow | null;
}

export interface BadRow {
  readonly reason: string;
  readonly field: string | null;
  /** Names file, line and field. */
  readonly message: string;
}

export interface RowRenderer {
  /** A promise only where the prompt is one. */
  render(entry: SourceEntry, index: number, entryIndex: number): RenderedRow | Promise<RenderedRow>;
  /**
   * The row as a recorded failure whose own id is taken by an earlier row. `bad`: what was wrong
   * with it already.
   */
  renderTaken(origin: RowOrigin, itemId: string, bad: BadRow | null): RenderedRow;
}

/** What stays of an entry that was rendered: where it came from, for messages. */
export interface RowOrigin {
  readonly entryIndex: number;
  readonly location: RowLocation | null;
  readonly givenId: string | null;
  /** The field that names the item; null: none does. */
  readonly idField: string | null;
  /** Which of several sources it comes from; null: the very one that was read. */
  readonly within: SourceOrigin | null;
  /** Of its metadata what a failure keeps; null: it has none. */
  readonly metadata: Metadata | null;
}

/** As the source gives it, which may be anything. */
interface Metadata {
  readonly value: JsonObject;
  /** With the digits of the source; undefined: as JavaScript writes it. */
  readonly text: string | undefined;
}

export const originOf = (entry: SourceEntry, entryIndex: number): RowOrigin =>
  'bad' in entry
    ? {
        entryIndex,
        location: entry.bad.location,
        givenId: entry.bad.itemId,
        idField: null,
        within: entry.origin ?? null,
        metadata: metadataIn(entry.bad.metadata, entry.metadataText),
      }
    : {
        entryIndex,
        location: entry.location ?? null,
        givenId: isItem(entry.item) ? entry.item.itemId : null,
        idField: entry.idField ?? 'itemId',
        within: entry.origin ?? null,
        metadata: isItem(entry.item) ? metadataIn(entry.item.metadata, entry.metadataText) : null,
      };

const metadataIn = (value: JsonObject | undefined, text: string | undefined): Metadata | null =>
  value === undefined ? null : { value, text };

/**
 * Prepares everything that is the same for all rows; the rest is one `JSON.stringify` of the prompt
 * and one of the metadata.
 */
export const createRowRenderer = (ports: RenderPorts, source: EngineSource): RowRenderer => {
  const all = sharedByRows(ports, source);
  return {
    render: (entry, index, entryIndex) => renderEntry(all, entry, index, entryIndex),
    renderTaken: (origin, itemId, bad) =>
      bad === null
        ? failedRow(
            all,
            origin,
            `the id ${JSON.stringify(itemId)} is taken by an earlier row`,
            origin.idField,
            itemId,
          )
        : failedRow(all, origin, bad.reason, bad.field, itemId),
  };
};

const sharedByRows = (ports: RenderPorts, source: EngineSource) => {
  const { config } = ports.run.snapshot;
  const { ref } = source.items;
  const renderLine: LineRenderer =
    (config.adopted ?? []).length > 0
      ? rendererOfAdopted(ports)
      : ports.provider.renderer({
          jsonSchema: config.structuredOutput?.jsonSchema ?? null,
          schemaName: config.structuredOutput?.schemaName ?? null,
          raisedOutputTokensMax: config.operation.retry.raisedOutputTokensMax,
        });
  const { tokens } = ports;
  const customIds = customIdsOf(config);
  return { config, source, ref, renderLine, tokens, customIds, lineageOf: createLineage(ref) };
};
type SharedByRows = ReturnType<typeof sharedByRows>;

/** The row with its prompt built, or as a recorded failure. */
const renderEntry = (
  all: SharedByRows,
  entry: SourceEntry,
  index: number,
  entryIndex: number,
): RenderedRow | Promise<RenderedRow> => {
  const fail = (reason: string, field: string | null = null): RenderedRow =>
    failedRow(all, originOf(entry, entryIndex), reason, field);
  if ('bad' in entry) return fail(entry.bad.reason, entry.bad.field);
  if (!isItem(entry.item)) return fail(`it is ${String(entry.item)}, not { itemId, payload }`);
  const { itemId } = entry.item;
  if (typeof itemId !== 'string' || itemId.trim() === '')
    return fail('its item id is empty', 'itemId');
  let prompt: unknown;
  try {
    prompt = all.source.buildPrompt(entry.item);
  } catch (error) {
    return fail(promptFailure(error));
  }
  // Awaiting only where there is something to wait for: a microtask per row is a cost of its own.
  return isPromise(prompt)
    ? Promise.resolve(prompt).then(
        (value) => builtRow(all, entry, index, entryIndex, value),
        (error: unknown) => fail(promptFailure(error)),
      )
    : builtRow(all, entry, index, entryIndex, prompt);
};

const promptFailure = (error: unknown): string =>
  `buildPrompt failed: ${error instanceof Error ? error.message : String(error)}`;

/** The row with its request line, where the provider, the cap and its metadata allow it. */
const builtRow = (
  all: SharedByRows,
  entry: SourceRow,
  index: number,
  entryIndex: number,
  prompt: unknown,
): RenderedRow => {
  const { item, primaryKey } = entry;
  const { config, tokens } = all;
  const rendered = lineOf(all, index, prompt);
  if ('reason' in rendered)
    return failedRow(all, originOf(entry, entryIndex), rendered.reason, null);
  const bound = unboundedBy(rendered, config.operation.money);
  if (bound !== null) return failedRow(all, originOf(entry, entryIndex), bound, null);
  const metadata = membersOf(metadataIn(item.metadata, entry.metadataText));
  if (typeof metadata !== 'string')
    return failedRow(all, originOf(entry, entryIndex), metadata.reason, metadata.field);
  const lineage = all.lineageOf(entry.origin ?? null, entryIndex, primaryKey ?? null);
  const itemLine = `{"item_id":${JSON.stringify(item.itemId)},"metadata":{${metadata}${lineage}}}\n`;
  const counted = tokens === null ? null : measured(tokens, rendered.line, config.provider.model);
  const row = {
    itemId: item.itemId,
    line: rendered.line,
    itemLine,
    tokens: counted?.tokens ?? null,
    areTokensExact: counted?.isExact ?? false,
    inputs: rendered.inputs ?? 1,
    bad: null,
  };
  return rendered.outputTokensMax === undefined
    ? row
    : { ...row, outputTokensMax: rendered.outputTokensMax };
};

/** Prompts are a user's: deep, cyclic, or of a kind that JSON cannot write. */
const lineOf = (
  { renderLine, customIds }: SharedByRows,
  index: number,
  prompt: unknown,
): ReturnType<LineRenderer> => {
  try {
    return isTooDeep(prompt)
      ? { reason: `its prompt ${tooDeep}` }
      : renderLine(customIds.of(index), prompt);
  } catch (error) {
    return {
      reason: `its prompt cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
};

/** `taken`: the id of the row, where an earlier row has it. */
const failedRow = (
  { ref, lineageOf }: SharedByRows,
  origin: RowOrigin,
  reason: string,
  field: string | null,
  taken: string | null = null,
): RenderedRow => {
  const { entryIndex, givenId } = origin;
  const location = origin.location ?? { ref, line: null };
  const row = origin.within?.index ?? entryIndex;
  const where =
    location.line === null ? `${location.ref}, row ${row}` : `${location.ref}:${location.line}`;
  const isIdUsable = typeof givenId === 'string' && givenId.trim() !== '';
  const own = isIdUsable ? givenId : idOfBadRow(ref, entryIndex);
  const itemId = taken === null ? own : idOfBadRowBeside(ref, entryIndex, taken);
  const error: JsonObject = {
    reason,
    field,
    given_id: givenId,
    file: location.ref,
    line: location.line,
  };
  const lineage = lineageOf(origin.within, entryIndex, null);
  const itemLine = `{"item_id":${JSON.stringify(itemId)},"metadata":{${keptMembers(origin.metadata)}${lineage}},"error":${JSON.stringify(error)}}\n`;
  const message = `${where}${field === null ? '' : `, field ${JSON.stringify(field)}`}: ${reason}`;
  return { itemId, line: '', itemLine, tokens: null, inputs: 0, bad: { reason, field, message } };
};

/**
 * Requests that were written elsewhere go as they are, whatever the job says of schema and
 * parameters.
 */
const rendererOfAdopted =
  ({ provider }: RenderPorts): LineRenderer =>
  (customId, request) =>
    provider.renderRequest?.(customId, request as PreparedRequest) ?? {
      reason: 'the provider writes no requests that were written elsewhere',
    };

const lineageKey = 'batchor_lineage';
const lineageTaken = `its metadata has the key ${lineageKey}, where results tell the row's origin: rename it, or leave it out`;
/** One key twice would lose the user's value. */
const isLineageTaken = (metadata: unknown): boolean =>
  typeof metadata === 'object' && metadata !== null && Object.hasOwn(metadata, lineageKey);

const tooDeep = `is nested more than ${jsonDepthMax} levels deep, or holds itself`;

/** Items are a user's, and may hold anything. */
const isItem = (item: unknown): item is SourceRow['item'] =>
  typeof item === 'object' && item !== null;

/**
 * Where a row comes from, for its metadata. Parts that neighbouring rows share are serialised once.
 */
const createLineage = (
  ref: string,
): ((within: SourceOrigin | null, entryIndex: number, primaryKey: string | null) => string) => {
  const headOf = (of: string): string =>
    `"${lineageKey}":{"source_ref":${JSON.stringify(of)},"source_item_index":`;
  let known = { ref, namespace: null as string | null, head: headOf(ref), tail: 'null}' };
  return (within, entryIndex, primaryKey) => {
    const { ref: own, index, namespace } = within ?? { ref, index: entryIndex, namespace: null };
    if (own !== known.ref || namespace !== known.namespace)
      known = { ref: own, namespace, head: headOf(own), tail: `${JSON.stringify(namespace)}}` };
    return `${known.head}${index},"source_primary_key":${JSON.stringify(primaryKey)},"source_namespace":${known.tail}`;
  };
};

/** Under a cap each answer has to stay within the bound that the cap counts with; null: it does. */
const unboundedBy = (
  { outputTokensMax }: RenderedLine,
  { costUsdMax, outputTokensMax: bound }: MoneyPolicy,
): string | null =>
  costUsdMax === null ||
  outputTokensMax === undefined ||
  bound === null ||
  (outputTokensMax !== null && outputTokensMax <= bound)
    ? null
    : `its answer may have ${outputTokensMax ?? 'any number of'} tokens, and the cost cap counts with at most ${bound}`;

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  'then' in value &&
  typeof (value as { readonly then: unknown }).then === 'function';

/** The metadata with the digits of its source, where those are of the same metadata. */
const metadataTextOf = (metadata: Metadata): string | null => {
  const text = stringifyMetadata(metadata.value);
  if (text === null || typeof metadata.text !== 'string') return text;
  try {
    const given = metadata.text.trim();
    return JSON.stringify(JSON.parse(given)) === text ? onOneLine(given) : text;
  } catch {
    return text;
  }
};

/** The members of the metadata, in front of others; or why they cannot be stored. */
const membersOf = (
  metadata: Metadata | null,
): string | { readonly reason: string; readonly field: string } => {
  if (metadata === null) return '';
  if (isTooDeep(metadata.value)) return { reason: `its metadata ${tooDeep}`, field: 'metadata' };
  if (isLineageTaken(metadata.value)) return { reason: lineageTaken, field: lineageKey };
  const text = metadataTextOf(metadata);
  if (text === null) return { reason: 'its metadata is not a JSON object', field: 'metadata' };
  return text.length > 2 ? `${text.slice(1, -1)},` : '';
};

/** What a failed row keeps of its metadata: nothing that is itself an error. */
const keptMembers = (metadata: Metadata | null): string => {
  const members = membersOf(metadata);
  return typeof members === 'string' ? members : '';
};

const stringifyMetadata = (metadata: JsonObject | JsonValue): string | null => {
  try {
    const text = JSON.stringify(metadata) as string | undefined;
    return text !== undefined && text.startsWith('{') ? text : null;
  } catch {
    return null;
  }
};

/** Tokens of a request line, by a counter that may say how exact each count is. */
export const measured = (counter: TokenCounter, line: string, model: string): CountedTokens =>
  counter.measure?.(line, model) ?? {
    tokens: counter.count(line, model),
    isExact: counter.isExact,
  };

/**
 * True where this line's count would be exact. A counter that says so only of what it has counted
 * answers false for what it has not.
 */
export const isCountedExactly = (counter: TokenCounter, line: string, model: string): boolean =>
  counter.isExact && (counter.measuresExactly?.(line, model) ?? counter.measure === undefined);
