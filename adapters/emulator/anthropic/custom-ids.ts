/**
 * Batch and attempt at the end of the ids that batchor stamps. Without it a request that is sent
 * again has the id that it had, by which the ledger notices that it is paid for twice.
 */
const stamped = /^(r[0-9a-z]{8}-\d{1,15}_)([0-9a-z]{7})$/u;
const blank = '0000000';

/** The stamp of an id; null: it has none. */
export const stampIn = (customId: string): string | null => stamped.exec(customId)?.[2] ?? null;

export const withoutStamp = (customId: string): string =>
  customId.replace(stamped, (_, before: string) => `${before}${blank}`);

/** The id as it was sent, with the stamp of its batch. */
export const withStamp = (customId: string, stamp: string | null): string =>
  stamp === null ? customId : customId.replace(stamped, (_, before: string) => `${before}${stamp}`);
