import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Command } from '../../core/model/command.ts';
import type { Effect } from '../../core/model/effect.ts';
import type { EnginePorts, Perform } from '../ports.ts';
import { sharedRows } from '../../rows/read-slices.ts';

type Of<T extends Effect['type']> = Extract<Effect, { readonly type: T }>;

/**
 * Rows that wait for another row's answer are read inside the serial step: results and rows that
 * come meanwhile are behind the rows that were checked.
 */
export const performSettleShared =
  ({ run, scheduler }: EnginePorts): Perform<Of<'SettleShared'>> =>
  ({ from, rowsMax }) =>
    TE.right(
      pipe(
        sharedRows(run, from, rowsMax),
        TE.map((rows): Command => ({ type: 'SettleShared', atMs: scheduler.now(), from, rows })),
      ),
    );
