/** The path prefix of all readings of a batch's files. */
export const rawFolderOf = (batchKey: string): string => `raw/${batchKey}/`;

/**
 * The path of one reading of a batch's files in the payload store: each reading of each owner has
 * objects of its own.
 */
export const rawObjectName = (
  batchKey: string,
  part: 'output' | 'error',
  epoch: number,
  reading: number,
): string => `${rawFolderOf(batchKey)}${part}-e${epoch}-${reading}.jsonl`;

/**
 * True for an object of a reading of raw files that was made before this one, by this owner or by
 * one before it.
 */
export const isEarlierReading = (
  name: string,
  { epoch, reading }: { readonly epoch: number; readonly reading: number },
): boolean => {
  const found = /^raw\/[^/]+\/(?:output|error)-e(\d+)-(\d+)\.jsonl$/u.exec(name);
  if (found === null) return false;
  const [itsEpoch, itsReading] = [Number(found[1]), Number(found[2])];
  return itsEpoch < epoch || (itsEpoch === epoch && itsReading < reading);
};

/**
 * The path of a raw file's compact object, which holds the content of its lines once the file is
 * deleted.
 */
export const compactNameOf = (rawObject: string): string => `compact/${rawObject}`;

/**
 * True for an object that belongs to the run, by the objects that its events name. A compact object
 * is named by none: it belongs to the raw file that it was made of, and outlives it.
 */
export const isOwnObject = (name: string, named: { has(name: string): boolean }): boolean =>
  named.has(name) || (name.startsWith('compact/') && named.has(name.slice('compact/'.length)));

/** The batch whose answers the object holds; null for an object of another kind. */
export const batchKeyOfObject = (name: string): string | null =>
  /^raw\/([^/]+)\//u.exec(name)?.[1] ?? null;

/**
 * The epoch of the owner that wrote the object, by its name; null where the name has none, as that
 * of a compact object, which any owner may have made.
 */
export const epochOfObject = (name: string): number | null => {
  const [, epoch] = /-e([1-9][0-9]{0,14})-[0-9]+\.jsonl$/u.exec(name) ?? [];
  return epoch === undefined || name.startsWith('compact/') ? null : Number(epoch);
};

/**
 * Of objects that have no checksums, those that have lost them. One process writes all objects of
 * an epoch, each with checksums or, as the release before did, each without.
 */
export const objectsWithLostSums = (
  objects: readonly { readonly name: string; readonly hasSums: boolean }[],
): readonly string[] => {
  const summed = new Set(
    objects.flatMap(({ name, hasSums }) => (hasSums ? (epochOfObject(name) ?? []) : [])),
  );
  return objects.flatMap(({ name, hasSums }) =>
    !hasSums && summed.has(epochOfObject(name) ?? 0) ? [name] : [],
  );
};
