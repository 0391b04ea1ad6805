import { isRight } from 'fp-ts/lib/Either.js';
import { memoryStore } from '../../lib/sim/store/memory-store.ts';
import { describeRunStoreContract } from './run-store-contract.ts';

describeRunStoreContract('the memory store', () => {
  const storage = memoryStore();
  return Promise.resolve({
    open: async () => {
      const opened = await storage.open()();
      if (!isRight(opened)) throw new Error(opened.left.type);
      return opened.right;
    },
    dispose: () => Promise.resolve(),
  });
});
