import { describe, it } from 'vitest';
import { isRight } from 'fp-ts/lib/Either.js';
import { memoryStore } from '../../lib/sim/store/memory-store.ts';
import { describeCases, type OpenStorage, runStoreCases } from '../../lib/testing/index.ts';
import { describeHistories } from './run-store-histories.ts';

const fixture = (): Promise<OpenStorage> => {
  const storage = memoryStore();
  return Promise.resolve({
    open: async () => {
      const opened = await storage.open()();
      if (!isRight(opened)) throw new Error(opened.left.type);
      return opened.right;
    },
    canStandStill: false,
    dispose: () => Promise.resolve(),
  });
};

describeCases('the memory store', runStoreCases({ create: fixture }), { describe, it });
describeHistories('the memory store', fixture);
