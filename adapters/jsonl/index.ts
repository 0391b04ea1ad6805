export { jsonlSource } from './jsonl-source.ts';
export type { JsonlOptions } from './jsonl-source.ts';
