import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Long enough for a machine a hundred times slower than ours, and shorter than the time that vitest
 * leaves a test: only a real hang ends here.
 */
const deadlineMs = 8 * 60_000;
const intervalMs = 5;

const pending = new Set<string>();

/**
 * What the waits that are under way wait for: shown beside a test that fails or runs out of time.
 */
export const pendingWaits = (): readonly string[] => [...pending];

/**
 * Resolves once the condition holds. Where it never does, the error says what was waited for and,
 * with `state`, how things stood then. No outcome depends on how often the condition is checked.
 */
export const waitFor = async (
  what: string,
  condition: () => boolean | Promise<boolean>,
  {
    state = () => null,
    withinMs = deadlineMs,
  }: { readonly state?: () => unknown; readonly withinMs?: number } = {},
): Promise<void> => {
  const untilMs = performance.now() + withinMs;
  pending.add(what);
  try {
    while (!(await condition())) {
      if (performance.now() > untilMs)
        throw new Error(
          `waited ${withinMs / 1000} s for this, in vain: ${what}${stateText(state())}`,
        );
      await sleep(intervalMs);
    }
  } finally {
    pending.delete(what);
  }
};

const stateText = (state: unknown): string =>
  state === null ? '' : `\n${typeof state === 'string' ? state : JSON.stringify(state)}`;

/** A gate that a spec opens when it is time: what waits at it does not depend on any clock. */
export const createLatch = (): { readonly opened: Promise<void>; open(): void } => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
};
