/** What the world must offer: interfaces and error unions. */
export type * from './artifacts.ts';
export type * from './port-error.ts';
export type * from './provider.ts';
export type * from './run-store.ts';
export type * from './source.ts';
export type * from './store-care.ts';
export type * from './table.ts';
export type * from './tokens.ts';
export * from './payload-error.ts';
export * from './source-error.ts';
