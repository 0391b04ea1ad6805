import * as TE from 'fp-ts/lib/TaskEither.js';
import type { OthersUse } from '../../core/model/queue-state.ts';
import type { Port } from '../../ports/port-error.ts';
import type { OwnedRun } from '../../ports/run-store.ts';

const none: OthersUse = { tokens: 0, requests: 0, stated: null, wants: [] };

/** What other runs of the store hold of a quota scope; in a store that does not know, nothing. */
export const othersInScope = (
  run: Pick<OwnedRun, 'othersInScope'>,
  scope: string,
  nowMs: number,
): Port<OthersUse> => run.othersInScope?.(scope, nowMs) ?? TE.right(none);
