/** Arrow files: rows from them, results into them. */
export { arrowFormat } from './arrow-format.ts';
export type { ArrowFormatOptions } from './arrow-format.ts';
export { arrowSource } from './arrow-source.ts';
export type { ArrowOptions } from './arrow-source.ts';
