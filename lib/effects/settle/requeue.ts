import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Command } from '../../core/model/command.ts';
import type { Effect } from '../../core/model/effect.ts';
import type { EnginePorts, Perform } from '../ports.ts';
import { backoffRows } from '../../rows/read-slices.ts';

type Of<T extends Effect['type']> = Extract<Effect, { readonly type: T }>;

/** Rows whose backoff has passed are read inside the serial step, and become pending. */
export const performRequeue =
  ({ run, scheduler }: EnginePorts): Perform<Of<'RequeueRows'>> =>
  ({ dueAtMs, rowsMax }) =>
    TE.right(
      pipe(
        backoffRows(run, dueAtMs, rowsMax),
        TE.map((rows): Command => ({ type: 'RequeueRows', atMs: scheduler.now(), dueAtMs, rows })),
      ),
    );
