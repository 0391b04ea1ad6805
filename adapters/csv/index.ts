export { csvFormat } from './csv-format.ts';
export type { CsvFormatOptions } from './csv-format.ts';
export { csvSource } from './csv-source.ts';
export type { CsvOptions } from './csv-source.ts';
export { findDelimiter } from './find-delimiter.ts';
