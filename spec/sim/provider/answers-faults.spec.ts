import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { AnswersFault } from '../../../lib/sim/index.ts';
import { packed } from '../../../lib/sim/provider/packed.ts';
import { createLab, lines, refusalOf, valueOf } from './lab.ts';

/** The first and the second download of the only output file. */
const downloads = async (type: AnswersFault['type']): Promise<readonly Buffer[]> => {
  const lab = createLab({ faults: [{ type, batch: 1 }] });
  const batch = await lab.finish(lines(3));
  const found: Buffer[] = [];
  for (let i = 0; i < 2; i += 1) {
    const reply = await lab.provider.fileContent(batch.output_file_id ?? '');
    if (reply.type !== 'done') {
      expect(refusalOf(reply).statusCode).toBe(404);
      found.push(Buffer.alloc(0));
      continue;
    }
    const { range, totalBytes, chunks } = valueOf(reply);
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    found.push(Buffer.concat(parts));
    expect([range.end - range.start, totalBytes]).toEqual([found[i]?.length, found[i]?.length]);
  }
  return found;
};

describe('a file of answers', () => {
  it.each([
    ['answers_html', (bytes: Buffer) => bytes.toString('utf8').startsWith('<!DOCTYPE html>')],
    [
      'answers_utf16',
      (bytes: Buffer, whole: Buffer) =>
        bytes.subarray(2).toString('utf16le') === whole.toString('utf8'),
    ],
    [
      'answers_cut_line',
      (bytes: Buffer, whole: Buffer) =>
        whole.subarray(0, bytes.length).equals(bytes) &&
        bytes.length < whole.length &&
        bytes.at(-1) !== 0x0a,
    ],
    ['answers_gzip', (bytes: Buffer, whole: Buffer) => gunzipSync(bytes).equals(whole)],
    ['answers_of_another', (bytes: Buffer, whole: Buffer) => bytes.length === whole.length],
    ['file_gone', (bytes: Buffer) => bytes.length === 0],
  ] as const)('comes as %s once, whole by its length, and then as it is', async (type, isIt) => {
    const [altered = Buffer.alloc(0), whole = Buffer.alloc(0)] = await downloads(type);
    expect(whole.toString('utf8').trimEnd().split('\n')).toHaveLength(3);
    expect(isIt(altered, whole)).toBe(true);
  });

  it('is packed so that any reader unpacks it, whatever its bytes', () => {
    const bytes = Buffer.from(Array.from({ length: 3_000 }, (_, i) => (i * i) & 255));
    expect(gunzipSync(packed(bytes)).equals(bytes)).toBe(true);
    expect(gunzipSync(packed(new Uint8Array())).length).toBe(0);
  });
});
