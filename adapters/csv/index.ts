export { csvSource } from './csv-source.ts';
export type { CsvOptions } from './csv-source.ts';
