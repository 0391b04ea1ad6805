/** CSV files with any delimiter: rows from them, results into them. */
export { csvFormat } from './csv-format.ts';
export type { CsvFormatOptions } from './csv-format.ts';
export { csvSource } from './csv-source.ts';
export type { CsvOptions } from './csv-source.ts';
export { findDelimiter, findSeparator } from './find-delimiter.ts';
export type { Compression } from '../files/compression.ts';
