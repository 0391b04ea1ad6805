import { splitLines } from './lines.ts';
import { parseLine } from './validate.ts';
import type { ProviderWorld } from './world.ts';

/**
 * The `custom_id` on each of these lines of a stored file, counted from 1; null: the line has none.
 * Reads the whole file.
 */
export const customIdsAt = async (
  world: ProviderWorld,
  blobKey: string,
  lines: readonly number[],
): Promise<readonly (string | null)[]> => {
  const found = new Map<number, string>();
  const decoder = new TextDecoder();
  let line = 0;
  for await (const page of splitLines(world.blobs.read(blobKey), world.limits.lineBytesMax)) {
    for (const bytes of page) {
      line += 1;
      const customId = lines.includes(line) ? parseLine(bytes, decoder)?.['custom_id'] : undefined;
      if (typeof customId === 'string') found.set(line, customId);
    }
  }
  return lines.map((each) => found.get(each) ?? null);
};
