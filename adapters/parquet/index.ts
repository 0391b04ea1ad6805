/** Parquet files: rows from them, results into them. */
export { parquetSource } from './parquet-source.ts';
export type { ParquetOptions } from './parquet-source.ts';
export { parquetFormat } from './parquet-format.ts';
export type { ParquetFormatOptions } from './parquet-format.ts';
export type { DecimalReading } from './decimal-texts.ts';
