import type { Command, RunSnapshot } from '../../../lib/core/internal.ts';
import type { Rows } from './row-table.ts';

/** Where and when an answer meets the core: slices are read there, inside the serial step. */
export interface Moment {
  readonly snapshot: RunSnapshot;
  readonly rows: Rows;
  readonly atMs: number;
}
/** An answer under way: the world has acted; the command is made when it arrives. */
export type Answer = (moment: Moment) => Command;
