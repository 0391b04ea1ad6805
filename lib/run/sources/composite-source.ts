import { createHash } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';
import { SourceError } from '../../ports/source-error.ts';
import type { CheckpointedItemSource, SourceEntry, SourceOrigin } from '../../ports/source.ts';

type PayloadOf<Source> =
  Source extends CheckpointedItemSource<infer Payload, infer _> ? Payload : never;
type MetadataOf<Source> =
  Source extends CheckpointedItemSource<infer _, infer Metadata> ? Metadata : never;

/**
 * Checkpoint after a row: index of its source, that source's own checkpoint, and rows read of it. A
 * type, so that it is a `JsonValue`.
 */
export type CompositePosition = {
  readonly source: number;
  readonly position: JsonValue;
  readonly rows: number;
};

/** How several sources become one. Ids that come twice after namespacing are bad rows. */
export interface CompositeOptions {
  /**
   * A namespace per source, as prefix of its ids: `crm:17`. Absent: the last part of its ref
   * without extensions, numbered if not unique. `null`: ids stay unchanged, and must be unique over
   * all sources.
   */
  readonly namespaces?: readonly string[] | null;
}

/**
 * Reads several sources in order, as one source with one checkpoint. Their order is part of its
 * identity. Equal ids of different sources do not collide. Each row's lineage names its own source,
 * index and namespace. Throws a `TypeError` without a source, and for namespaces that are not one
 * per source, not unique, or contain white space or a colon.
 */
export const compositeSource = <const Sources extends readonly CheckpointedItemSource[]>(
  sources: Sources,
  options: CompositeOptions = {},
): CheckpointedItemSource<
  PayloadOf<Sources[number]>,
  MetadataOf<Sources[number]>,
  CompositePosition
> => {
  if (sources.length === 0) throw new TypeError('compositeSource([]) requires at least one source');
  const namespaces = options.namespaces === null ? null : namesOf(sources, options.namespaces);
  const ref = describe(sources);
  return {
    kind: [...new Set(sources.map(({ kind }) => kind))].join('+'),
    ref,
    fingerprint: async (given) => {
      const lines: string[] = [];
      for (const [sourceIndex, member] of sources.entries())
        lines.push(
          fingerprintLine(
            member,
            namespaces?.[sourceIndex] ?? null,
            await member.fingerprint(given),
          ),
        );
      return joinFingerprints(lines);
    },
    async *read(from, given) {
      const start =
        from === null
          ? { source: 0, position: null, rows: 0 }
          : decodePosition(from, sources.length, ref);
      for (const [sourceIndex, member] of sources.entries()) {
        if (sourceIndex < start.source) continue;
        const isFirst = sourceIndex === start.source;
        let rows = isFirst ? start.rows : 0;
        for await (const pulled of member.read(isFirst ? start.position : null, given)) {
          const entries: readonly SourceEntry[] = isSlice(pulled) ? pulled : [pulled];
          yield entries.map((entry) => {
            const origin = {
              ref: member.ref,
              index: rows,
              namespace: namespaces?.[sourceIndex] ?? null,
            };
            rows += 1;
            const position: CompositePosition = {
              source: sourceIndex,
              position: entry.position,
              rows,
            };
            return {
              ...withNamespace(entry, origin.namespace),
              origin: within(entry.origin, origin),
              position,
            };
          }) as SourceEntry<
            PayloadOf<Sources[number]>,
            MetadataOf<Sources[number]>,
            CompositePosition
          >[];
        }
      }
    },
  };
};

/** The inner origin names the actual source. Its ids have both namespaces. */
const within = (inner: SourceOrigin | undefined, outer: SourceOrigin): SourceOrigin =>
  inner === undefined
    ? outer
    : {
        ...inner,
        namespace:
          [outer.namespace, inner.namespace].filter((name) => name !== null).join(':') || null,
      };

const isSlice = (pulled: SourceEntry | readonly SourceEntry[]): pulled is readonly SourceEntry[] =>
  Array.isArray(pulled);

const withNamespace = (entry: SourceEntry, namespace: string | null): SourceEntry => {
  if (namespace === null) return entry;
  const named = (id: string): string => `${namespace}:${id}`;
  if ('bad' in entry)
    return {
      ...entry,
      bad: { ...entry.bad, itemId: entry.bad.itemId === null ? null : named(entry.bad.itemId) },
    };
  // An invalid id stays unchanged; validation reports it later.
  const { itemId } = entry.item as { readonly itemId: unknown };
  return typeof itemId !== 'string' || itemId.trim() === ''
    ? entry
    : { ...entry, item: { ...entry.item, itemId: named(itemId) } };
};

const namesOf = (
  sources: readonly CheckpointedItemSource[],
  given: readonly string[] | undefined,
): readonly string[] => {
  const names = given ?? uniqueNames(sources.map(({ ref }) => shortName(ref)));
  if (names.length !== sources.length)
    throw new TypeError(
      `compositeSource: ${names.length} namespaces for ${sources.length} sources; give one per source`,
    );
  const odd = names.find((name) => !/^[^\s:]+$/u.test(name));
  if (odd !== undefined)
    throw new TypeError(
      `compositeSource: the namespace ${JSON.stringify(odd)} is empty, or contains white space or a colon`,
    );
  const twice = names.find((name, sourceIndex) => names.indexOf(name) !== sourceIndex);
  if (twice !== undefined)
    throw new TypeError(
      `compositeSource: the namespace ${JSON.stringify(twice)} is used for two sources`,
    );
  return names;
};

const lastOf = (ref: string): string => ref.split(/[\\/]/u).at(-1) ?? ref;

/** E.g. `mail` for `input/mail.jsonl.gz`. */
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
  return [
    ...shown,
    ...(sources.length > refsShownMax ? [`${sources.length - refsShownMax} more`] : []),
  ].join(' + ');
};

/**
 * Up to this many sources have a fingerprint line each, so that an error can name the changed one.
 */
const linesMax = 200;

const fingerprintLine = (
  { kind, ref }: CheckpointedItemSource,
  namespace: string | null,
  fingerprint: string,
): string =>
  // Only the file name: the same file may be named from another folder.
  JSON.stringify([kind, lastOf(ref), namespace, fingerprint]);

const joinFingerprints = (lines: readonly string[]): string =>
  lines.length <= linesMax
    ? lines.join('\n')
    : createHash('sha256').update(lines.join('\n')).digest('hex');

/** Names of the sources whose fingerprints differ; empty if they cannot be told apart. */
export const changedSources = (stored: string, found: string): readonly string[] => {
  const [before, after] = [stored.split('\n'), found.split('\n')];
  if (before.length !== after.length || before.length < 2) return [];
  return after.flatMap((line, sourceIndex) => {
    if (line === before[sourceIndex]) return [];
    const [[, ref, , now = ''], [, , , then = '']] = [partsOf(line), partsOf(before[sourceIndex])];
    const inner = changedSources(then, now);
    return inner.length > 0 || ref === undefined ? inner : [ref];
  });
};

/**
 * The fingerprint that the source of this number had, and the name in front of its ids; null: that
 * of so many sources does not tell it.
 */
export const memberOf = (
  stored: string,
  place: number,
  sourceCount: number,
): { readonly fingerprint: string; readonly namespace: string | null } | null => {
  const lines = stored.split('\n');
  const [, , namespace = '', fingerprint] =
    lines.length === sourceCount ? partsOf(lines[place]) : [];
  return fingerprint === undefined
    ? null
    : { fingerprint, namespace: namespace === '' ? null : namespace };
};

/** The parts of a fingerprint line; empty for a line of another format. */
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
    if (isCount(source) && source < count && isCount(rows) && position !== undefined)
      return { source, position, rows };
  }
  throw new SourceError(
    `cannot continue from ${JSON.stringify(stored)}: not a checkpoint of these ${count} sources`,
    { ref },
  );
};

const isCount = (value: JsonValue | undefined): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;
