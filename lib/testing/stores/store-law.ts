import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { RunStore } from '../../ports/run-store.ts';
import type { ContractCase } from '../case.ts';

/** A storage with nothing in it, as laws of run stores use it. */
export interface OpenStorage {
  /**
   * Opens the storage: anew each time, as another process would, where the storage outlives its
   * process.
   */
  open(): Promise<RunStore>;
  /**
   * False where a reader that was asked to stand still sees every commit all the same, as in
   * memory. Default true.
   */
  readonly canStandStill?: boolean;
  /** True after: nothing of the storage is left. */
  dispose(): Promise<void>;
}

/** Where one law is held. */
export interface StoreContext {
  readonly fixture: OpenStorage;
  /** The storage, as this process has it open. */
  readonly store: RunStore;
  /** Closes it, and opens it as a new process does. */
  reopen(): Promise<void>;
  /** The storage as another process has it. */
  another(): Promise<RunStore>;
}

/** A law of run stores. */
export interface StoreLaw {
  readonly name: string;
  readonly holds: (at: StoreContext) => Promise<void>;
}

/** The law as a case, at a storage of its own. */
export const storeCase = (
  factory: () => Promise<OpenStorage>,
  { name, holds }: StoreLaw,
): ContractCase => ({
  name,
  run: async () => {
    const fixture = await factory();
    const others: RunStore[] = [];
    let store = await fixture.open();
    try {
      await holds({
        fixture,
        get store() {
          return store;
        },
        reopen: async () => {
          await store.close();
          store = await fixture.open();
        },
        another: async () => {
          const opened = await fixture.open();
          others.push(opened);
          return opened;
        },
      });
    } finally {
      for (const each of [store, ...others]) await each.close();
      await fixture.dispose();
    }
  },
});

/** Fails unless every member of `part` is in `whole`, as deep as it goes. */
export const assertLike = (whole: unknown, part: unknown): void => {
  assert.deepEqual(partOf(whole, part), part);
};

const partOf = (whole: unknown, part: unknown): unknown => {
  if (typeof part !== 'object' || part === null || typeof whole !== 'object' || whole === null)
    return whole;
  if (Array.isArray(part))
    return Array.isArray(whole) && whole.length === part.length
      ? part.map((each, i) => partOf(whole[i], each))
      : whole;
  return Object.fromEntries(
    Object.entries(part).map(([name, each]) => [
      name,
      partOf((whole as Readonly<Record<string, unknown>>)[name], each),
    ]),
  );
};

const patienceMs = 60_000;

/** Waits until it is true; a minute without it is a failure. */
export const waitFor = async (
  what: string,
  isTrue: () => boolean | Promise<boolean>,
): Promise<void> => {
  for (const untilMs = Date.now() + patienceMs; !(await isTrue());) {
    assert.ok(Date.now() < untilMs, `waited a minute, and still not: ${what}`);
    await sleep(5);
  }
};

/** By value, whatever made the objects. */
export const isSame = (a: unknown, b: unknown): boolean => isDeepStrictEqual(a, b);
