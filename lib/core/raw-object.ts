/** Where a reading of a batch's files lies in the payload plane: each reading of each owner has objects of its own. */
export const rawObjectName = (batchKey: string, part: 'output' | 'error', epoch: number, reading: number): string =>
  `raw/${batchKey}/${part}-e${epoch}-${reading}.jsonl`;

/** Where what the lines of a raw file say lies, once the file itself is not kept. */
export const compactNameOf = (rawObject: string): string => `compact/${rawObject}`;

/**
 * True for an object that belongs to the run, by the objects that its events name. A compact object is named by none: it belongs to the raw
 * file that it was made of, and outlives it.
 */
export const isOwnObject = (name: string, named: { has(name: string): boolean }): boolean =>
  named.has(name) || (name.startsWith('compact/') && named.has(name.slice('compact/'.length)));

/** The batch whose answers the object holds; null for an object of another kind. */
export const batchKeyOfObject = (name: string): string | null => /^raw\/([^/]+)\//u.exec(name)?.[1] ?? null;
