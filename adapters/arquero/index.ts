export { toTable } from './to-table.ts';
export type { ArqueroTable, TableSource } from './to-table.ts';
