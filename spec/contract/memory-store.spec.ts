import { isRight } from 'fp-ts/lib/Either.js';
import { memoryStore } from '../../lib/sim/store/memory-store.ts';
import { describeAdoptionContract } from './run-store-adoption.ts';
import { describeRunStoreContract } from './run-store-contract.ts';
import { describeQuotaContract } from './run-store-quota.ts';
import type { RunStoreFixture } from './run-store-fixture.ts';

const fixture = (): Promise<RunStoreFixture> => {
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

describeRunStoreContract('the memory store', fixture);
describeAdoptionContract('the memory store', fixture);
describeQuotaContract('the memory store', fixture);
