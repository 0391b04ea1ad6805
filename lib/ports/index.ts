/** What the world must offer: interfaces and error unions. */

// Providers: how batches are sent, observed and read.
export type * from './provider.ts';

// Stores: where runs are kept, who owns one, and what is repaired.
export type * from './row-query.ts';
export type * from './run-store.ts';
export type * from './store-care.ts';

// Payloads: immutable objects.
export type * from './artifacts.ts';

// Sources: where rows come from.
export type * from './source.ts';
export * from './source-error.ts';

// Tables and tokens: formats of results, and how prompts are counted.
export type * from './table.ts';
export type * from './tokens.ts';

// Errors: as data, from every port.
export type * from './port-error.ts';
export * from './payload-error.ts';
