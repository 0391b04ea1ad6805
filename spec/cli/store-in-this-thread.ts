import { vi } from 'vitest';

// A store's thread takes a second to begin from TypeScript: here the store keeps its runs in this
// thread, on the same disk.
vi.mock('../../adapters/filestore/index.ts', async () => {
  const { sqljsStoreOn } = await import('../../adapters/filestore/store/run-store.ts');
  const { localClient } = await import('../../adapters/filestore/worker/worker-client.ts');
  const { nodeDisk } = await import('../../adapters/filestore/disk/disk.ts');
  const { disk } = await import('./disk.ts');
  const write: typeof nodeDisk.write = (fd, parts) => {
    if (disk.isFull)
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), {
        code: 'ENOSPC',
        syscall: 'write',
      });
    nodeDisk.write(fd, parts);
  };
  return {
    sqljsStore: ({ dir }: { readonly dir: string }) =>
      sqljsStoreOn({ dir }, () => localClient({ ...nodeDisk, write }, 0)),
  };
});
