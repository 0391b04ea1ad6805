import { createHash } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';
import { SourceError } from '../../ports/source-error.ts';
import type { CheckpointedItemSource, SourceEntry, SourceOrigin } from '../../ports/source.ts';

type PayloadOf<Source> = Source extends CheckpointedItemSource<infer Payload, infer _> ? Payload : never;
type MetadataOf<Source> = Source extends CheckpointedItemSource<infer _, infer Metadata> ? Metadata : never;

/** Behind a row: of which source, where in it, and how many rows of it were read. A type, so that it is a `JsonValue`. */
export type CompositePosition = { readonly source: number; readonly position: JsonValue; readonly rows: number };

export interface CompositeOptions {
  /**
   * A name for each source, put in front of its ids: `crm:17`. Absent: the last part of its ref without its endings, with a number where two are
   * alike. `null`: ids stay as they are, and have to be unique over all sources.
   */
  readonly namespaces?: readonly string[] | null;
}

/**
 * The given sources, one behind the other, as one: one checkpoint, which names the source and the place in it. The order is part of the identity;
 * equal ids of different sources do not collide. Each row's lineage names its own source, index and namespace. Throws a `TypeError` for no source,
 * and for namespaces that are not one each, differ, and have neither white space nor a colon in them.
 */
export const compositeSource = <const Sources extends readonly CheckpointedItemSource[]>(
  sources: Sources,
  options: CompositeOptions = {},
): CheckpointedItemSource<PayloadOf<Sources[number]>, MetadataOf<Sources[number]>, CompositePosition> => {
  if (sources.length === 0) throw new TypeError('compositeSource([]): at least one source is needed');
  const namespaces = options.namespaces === null ? null : namesOf(sources, options.namespaces);
  const ref = describe(sources);
  return {
    kind: [...new Set(sources.map(({ kind }) => kind))].join('+'),
    ref,
    fingerprint: async (given) => {
      const lines: string[] = [];
      for (const [place, member] of sources.entries())
        lines.push(fingerprintLine(member, namespaces?.[place] ?? null, await member.fingerprint(given)));
      return joinFingerprints(lines);
    },
    async *read(from, given) {
      const start = from === null ? { source: 0, position: null, rows: 0 } : decodePosition(from, sources.length, ref);
      for (const [place, member] of sources.entries()) {
        if (place < start.source) continue;
        const isFirst = place === start.source;
        let rows = isFirst ? start.rows : 0;
        for await (const pulled of member.read(isFirst ? start.position : null, given)) {
          const entries: readonly SourceEntry[] = isSlice(pulled) ? pulled : [pulled];
          yield entries.map((entry) => {
            const origin = { ref: member.ref, index: rows, namespace: namespaces?.[place] ?? null };
            rows += 1;
            const position: CompositePosition = { source: place, position: entry.position, rows };
            return { ...withNamespace(entry, origin.namespace), origin: within(entry.origin, origin), position };
          }) as SourceEntry<PayloadOf<Sources[number]>, MetadataOf<Sources[number]>, CompositePosition>[];
        }
      }
    },
  };
};

/** Who says what is within says it of the source itself; its ids got both names. */
const within = (inner: SourceOrigin | undefined, outer: SourceOrigin): SourceOrigin =>
  inner === undefined
    ? outer
    : { ...inner, namespace: [outer.namespace, inner.namespace].filter((name) => name !== null).join(':') || null };

const isSlice = (pulled: SourceEntry | readonly SourceEntry[]): pulled is readonly SourceEntry[] => Array.isArray(pulled);

const withNamespace = (entry: SourceEntry, namespace: string | null): SourceEntry => {
  if (namespace === null) return entry;
  const named = (id: string): string => `${namespace}:${id}`;
  if ('bad' in entry) return { ...entry, bad: { ...entry.bad, itemId: entry.bad.itemId === null ? null : named(entry.bad.itemId) } };
  // An id that is none stays so, for whoever says what is wrong with it.
  const { itemId } = entry.item as { readonly itemId: unknown };
  return typeof itemId !== 'string' || itemId.trim() === '' ? entry : { ...entry, item: { ...entry.item, itemId: named(itemId) } };
};

const namesOf = (sources: readonly CheckpointedItemSource[], given: readonly string[] | undefined): readonly string[] => {
  const names = given ?? uniqueNames(sources.map(({ ref }) => shortName(ref)));
  if (names.length !== sources.length)
    throw new TypeError(`compositeSource: ${names.length} namespaces for ${sources.length} sources; give one each`);
  const odd = names.find((name) => !/^[^\s:]+$/u.test(name));
  if (odd !== undefined)
    throw new TypeError(`compositeSource: the namespace ${JSON.stringify(odd)} is empty, or has white space or a colon in it`);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice !== undefined) throw new TypeError(`compositeSource: the namespace ${JSON.stringify(twice)} stands for two sources`);
  return names;
};

const lastOf = (ref: string): string => ref.split(/[\\/]/u).at(-1) ?? ref;

/** `input/mail.jsonl.gz` is called `mail`. */
const shortName = (ref: string): string => {
  const last = lastOf(ref);
  const name = (/^[^.]+/u.exec(last)?.[0] ?? last).replaceAll(/[\s:]+/gu, '_');
  return name === '' ? 'source' : name;
};

const uniqueNames = (names: readonly string[]): readonly string[] => {
  const taken = new Set<string>();
  return names.map((name) => {
    let own = name;
    for (let number = 2; taken.has(own); number += 1) own = `${name}-${number}`;
    taken.add(own);
    return own;
  });
};

const refsShownMax = 20;

const describe = (sources: readonly CheckpointedItemSource[]): string => {
  const shown = sources.slice(0, refsShownMax).map(({ ref }) => ref);
  return [...shown, ...(sources.length > refsShownMax ? [`${sources.length - refsShownMax} more`] : [])].join(' + ');
};

/** So many sources are fingerprinted by a line each, so that it can be said which of them has changed. */
const linesMax = 200;

const fingerprintLine = ({ kind, ref }: CheckpointedItemSource, namespace: string | null, fingerprint: string): string =>
  // Where it lies is not what it is: the same file may be named from another folder.
  JSON.stringify([kind, lastOf(ref), namespace, fingerprint]);

const joinFingerprints = (lines: readonly string[]): string =>
  lines.length <= linesMax ? lines.join('\n') : createHash('sha256').update(lines.join('\n')).digest('hex');

/** What differs between two fingerprints of sources of several: the names of those that changed; nothing where that cannot be said. */
export const changedSources = (stored: string, found: string): readonly string[] => {
  const [before, after] = [stored.split('\n'), found.split('\n')];
  if (before.length !== after.length || before.length < 2) return [];
  return after.flatMap((line, place) => {
    if (line === before[place]) return [];
    const [[, ref, , now = ''], [, , , then = '']] = [partsOf(line), partsOf(before[place])];
    const inner = changedSources(then, now);
    return inner.length > 0 || ref === undefined ? inner : [ref];
  });
};

/** What a line of a fingerprint was made of; nothing of a line that somebody else made. */
const partsOf = (line: string | undefined): readonly string[] => {
  try {
    const parts: unknown = JSON.parse(line ?? '[]');
    return Array.isArray(parts) ? parts.map((part) => String(part ?? '')) : [];
  } catch {
    return [];
  }
};

const decodePosition = (stored: JsonValue, count: number, ref: string): CompositePosition => {
  if (isJsonObject(stored)) {
    const { source, position, rows } = stored as JsonObject;
    if (isCount(source) && source < count && isCount(rows) && position !== undefined) return { source, position, rows };
  }
  throw new SourceError(`cannot go on from ${JSON.stringify(stored)}: not a position in these ${count} sources`, { ref });
};

const isCount = (value: JsonValue | undefined): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
