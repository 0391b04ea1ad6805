import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Command } from '../../core/model/command.ts';
import type { Effect } from '../../core/model/effect.ts';
import type { BatchKey } from '../../core/values/ids.ts';
import { quotaScopeOf } from '../../core/plan/quota.ts';
import type { Asked, EnginePorts, Perform } from '../ports.ts';
import { pendingRows, planWindow } from '../../rows/read-slices.ts';
import type { OthersUse } from '../../core/model/queue-state.ts';
import type { Port } from '../../ports/port-error.ts';
import type { OwnedRun } from '../../ports/run-store.ts';

type Of<T extends Effect['type']> = Extract<Effect, { readonly type: T }>;

/**
 * Nothing happens outside: the window is read inside the serial step, so that it cannot be stale.
 */
export const performPlan =
  ({ run, scheduler, randomHex }: EnginePorts): Perform<Of<'PlanBatch'>> =>
  ({ rowsMax }) => {
    const asked: Asked = pipe(
      othersInScope(run, quotaScopeOf(run.snapshot.config), scheduler.now()),
      TE.chain((others) =>
        pipe(
          planWindow(run, rowsMax),
          TE.map((window): Command => ({
            type: 'PlanBatch',
            atMs: scheduler.now(),
            window,
            newBatchKey: `bk_${randomHex(20)}` as BatchKey,
            others,
          })),
        ),
      ),
    );
    return TE.right(asked);
  };

export const performAdopt =
  ({ run, scheduler, randomHex }: EnginePorts): Perform<Of<'AdoptBatch'>> =>
  ({ rowsMax }) =>
    TE.right(
      pipe(
        planWindow(run, rowsMax),
        TE.map((window): Command => ({
          type: 'AdoptBatch',
          atMs: scheduler.now(),
          window,
          newBatchKey: `bk_${randomHex(20)}` as BatchKey,
        })),
      ),
    );

export const performFailPending =
  ({ run, scheduler }: EnginePorts): Perform<Of<'FailPending'>> =>
  ({ rowsMax }) =>
    TE.right(
      pipe(
        pendingRows(run, rowsMax),
        TE.map((rows): Command => ({
          type: 'FailPending',
          atMs: scheduler.now(),
          generation: rows.generation,
          rows,
        })),
      ),
    );

const none: OthersUse = { tokens: 0, requests: 0, stated: null, wants: [] };

/** What other runs of the store hold of a quota scope; in a store that does not know, nothing. */
export const othersInScope = (
  run: Pick<OwnedRun, 'othersInScope'>,
  scope: string,
  nowMs: number,
): Port<OthersUse> => run.othersInScope?.(scope, nowMs) ?? TE.right(none);
