/** Results as an Arquero table. Needs the package `arquero`. */
export { toTable } from './to-table.ts';
export type { ArqueroTable, TableSource } from './to-table.ts';
