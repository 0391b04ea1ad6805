/** JSON lines and JSON files as sources of rows. */
export { jsonSource } from './json-source.ts';
export type { JsonOptions } from './json-source.ts';
export { jsonlSource } from './jsonl-source.ts';
export type { JsonlOptions } from './jsonl-source.ts';
export type { NumberReading } from '../files/exact-json.ts';
export type { Compression } from '../files/compression.ts';
