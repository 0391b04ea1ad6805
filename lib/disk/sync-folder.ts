import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';

/** Windows cannot open folders. The journal of its file system makes names durable. */
const isWindows = process.platform === 'win32';

/** Makes the names in the folder durable: of new, renamed and removed files. Throws I/O errors. */
export const syncFolder = async (folder: string): Promise<void> => {
  if (isWindows) return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** The same, before it returns. */
export const syncFolderNow = (folder: string): void => {
  if (isWindows) return;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
};
