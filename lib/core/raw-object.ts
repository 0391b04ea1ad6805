/** Where a reading of a batch's files lies in the payload plane: each reading of each owner has objects of its own. */
export const rawObjectName = (batchKey: string, part: 'output' | 'error', epoch: number, reading: number): string =>
  `raw/${batchKey}/${part}-e${epoch}-${reading}.jsonl`;

/** The batch whose answers the object holds; null for an object of another kind. */
export const batchKeyOfObject = (name: string): string | null => /^raw\/([^/]+)\//u.exec(name)?.[1] ?? null;
