export { parquetSource } from './parquet-source.ts';
export type { ParquetOptions } from './parquet-source.ts';
export { parquetFormat } from './parquet-format.ts';
export type { ParquetFormatOptions } from './parquet-format.ts';
