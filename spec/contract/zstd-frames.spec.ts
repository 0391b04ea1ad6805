import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { frameCutter } from '../../adapters/files/zstd-frames.ts';

/**
 * Frames as RFC 8878 lays them out, of any header, with raw and run-length blocks; and skippable
 * ones.
 */
const block = fc.tuple(fc.boolean(), fc.uint8Array({ minLength: 1, maxLength: 40 }));
const frame = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.array(block, { minLength: 1, maxLength: 4 }))
  .map(([descriptor, blocks]) => {
    const isSingle = (descriptor & 0x20) !== 0;
    const size = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
    const header = Buffer.alloc(
      (isSingle ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0) + size,
      0xfd,
    );
    const bodies = blocks.map(([isRun, bytes], index) => {
      const word = (index === blocks.length - 1 ? 1 : 0) | (isRun ? 2 : 0) | (bytes.length << 3);
      return Buffer.concat([
        Buffer.from([word & 255, (word >> 8) & 255, word >> 16]),
        isRun ? bytes.subarray(0, 1) : bytes,
      ]);
    });
    return Buffer.concat([
      Buffer.from('28b52ffd', 'hex'),
      Buffer.from([descriptor]),
      header,
      ...bodies,
      Buffer.alloc(descriptor & 4 ? 4 : 0, 1),
    ]);
  });
const skippable = fc
  .uint8Array({ maxLength: 20 })
  .map((bytes) =>
    Buffer.concat([Buffer.from([0x53, 0x2a, 0x4d, 0x18, bytes.length, 0, 0, 0]), bytes]),
  );

it('the frames of zstd data are found in chunks of any size, and where it is cut off is seen', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(frame, skippable), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 60 }),
      fc.nat(),
      (frames, size, cutAt) => {
        const whole = Buffer.concat(frames);
        const ends = frames.map((_, index) => Buffer.concat(frames.slice(0, index + 1)).length);
        const bytes = whole.subarray(
          0,
          cutAt % 2 === 0 ? whole.length : 1 + (cutAt % whole.length),
        );
        const cutter = frameCutter();
        const found: Buffer[] = [];
        let open: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) {
          for (const part of cutter.cut(bytes.subarray(at, at + size))) {
            open.push(part.bytes);
            if (!part.isLast) continue;
            found.push(Buffer.concat(open));
            open = [];
          }
        }
        expect(found).toEqual(frames.slice(0, ends.filter((end) => end <= bytes.length).length));
        expect(cutter.isBetween).toBe(ends.includes(bytes.length));
        expect(Buffer.concat([...found, ...open])).toEqual(bytes);
      },
    ),
    { numRuns: 500 },
  );
});
