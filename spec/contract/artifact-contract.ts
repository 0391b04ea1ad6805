import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore, Span } from '../../lib/ports/artifacts.ts';
import { PayloadError } from '../../lib/ports/payload-error.ts';
import type { PortError } from '../../lib/ports/port-error.ts';

/** A payload plane on which every law of artifacts is tried; empty at first. */
export interface ArtifactFixture {
  readonly artifacts: ArtifactStore;
  /** Flips a bit of a stored object behind the store's back; for stores with a disk. */
  readonly damage?: (name: string, byteOffset: number) => Promise<void>;
  dispose(): Promise<void>;
}

const ok = async <A>(port: () => Promise<Either<PortError, A>>): Promise<A> => {
  const answer = await port();
  if (isLeft(answer)) throw new Error(JSON.stringify(answer.left));
  return answer.right;
};
const errorOf = async (
  port: () => Promise<Either<PortError, unknown>>,
): Promise<PortError['type'] | 'none'> => {
  const answer = await port();
  return isLeft(answer) ? answer.left.type : 'none';
};
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const readWhole = async (chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
};
/** The bytes; null: they were refused, at once or on the way. */
const collect = async (
  port: () => Promise<Either<PortError, AsyncIterable<Uint8Array>>>,
): Promise<Uint8Array | null> => {
  const opened = await port();
  if (isLeft(opened)) return null;
  return readWhole(opened.right).catch((cause: unknown) => {
    if (cause instanceof PayloadError) return null;
    throw cause;
  });
};
/** Bytes that tell where they are. */
const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >>> 8)) & 0xff);

export const describeArtifactContract = (
  name: string,
  factory: () => Promise<ArtifactFixture>,
): void => {
  describe(`${name} keeps the law of artifacts: it`, () => {
    let fixture: ArtifactFixture;
    let artifacts: ArtifactStore;
    beforeEach(async () => {
      fixture = await factory();
      artifacts = fixture.artifacts;
    });
    afterEach(() => fixture.dispose());

    it('returns what was put, whatever its chunks were', async () => {
      let count = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.uint8Array({ maxLength: 50 })),
          fc.boolean(),
          async (chunks, isAsync) => {
            const object = `objects/${(count += 1)}`;
            const source = isAsync ? trickle(chunks) : chunks;
            const whole = Buffer.concat(chunks);
            expect(await ok(artifacts.put(object, source))).toEqual({ bytes: whole.length });
            expect(await ok(artifacts.size(object))).toBe(whole.length);
            expect(Buffer.from(await readWhole(await ok(artifacts.read(object))))).toEqual(whole);
          },
        ),
        { numRuns: 20 },
      );
      expect(count).toBeGreaterThanOrEqual(20);
    });

    it('keeps what it was given, though the source writes into its buffer again', async () => {
      const buffer = new Uint8Array(4);
      async function* reusing(): AsyncGenerator<Uint8Array> {
        for (const letter of [65, 66, 67]) {
          await Promise.resolve();
          yield buffer.fill(letter);
        }
      }
      await ok(artifacts.put('a', reusing()));
      expect(Buffer.from(await readWhole(await ok(artifacts.read('a')))).toString()).toBe(
        'AAAABBBBCCCC',
      );
    });

    it('reads a large object in chunks of at most about a megabyte', async () => {
      const whole = pattern(3_000_001);
      await ok(artifacts.put('large', [whole.subarray(0, 1_999_999), whole.subarray(1_999_999)]));
      let read = 0;
      for await (const chunk of await ok(
        artifacts.read('large', { offset: 7, length: 2_999_990 }),
      )) {
        expect(chunk.length).toBeLessThanOrEqual(1_100_000);
        expect(Buffer.compare(chunk, whole.subarray(7 + read, 7 + read + chunk.length))).toBe(0);
        read += chunk.length;
      }
      expect(read).toBe(2_999_990);
    });

    it('reads spans in the order asked for', async () => {
      const whole = pattern(200_000);
      await ok(artifacts.put('spans', [whole]));
      const spanOf = fc
        .tuple(fc.nat(199_999), fc.nat(3_000))
        .map(([offset, length]): Span => ({ offset, length: Math.min(length, 200_000 - offset) }));
      await fc.assert(
        fc.asyncProperty(fc.array(spanOf, { maxLength: 30 }), async (spans) => {
          const found = await ok(artifacts.readSpans('spans', spans));
          expect(found.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(
            spans.map(({ offset, length }) =>
              Buffer.from(whole.subarray(offset, offset + length)).toString('hex'),
            ),
          );
        }),
        { numRuns: 20 },
      );
    });

    it('refuses to put under a name that is taken, and leaves what is there', async () => {
      await ok(artifacts.put('one', [bytesOf('first')]));
      expect(await errorOf(artifacts.put('one', [bytesOf('second')]))).toBe('corrupt');
      expect(Buffer.from(await readWhole(await ok(artifacts.read('one')))).toString()).toBe(
        'first',
      );
    });

    it('lets one of several win who put under one name at once', async () => {
      const answers = await Promise.all(
        ['a', 'b', 'c', 'd'].map((text) => artifacts.put('race', [bytesOf(text.repeat(9))])()),
      );
      expect(answers.filter((answer) => answer._tag === 'Right').length).toBe(1);
      expect(Buffer.from(await readWhole(await ok(artifacts.read('race')))).toString()).toMatch(
        /^(a{9}|b{9}|c{9}|d{9})$/,
      );
    });

    it('leaves nothing of an object whose bytes broke off', async () => {
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield bytesOf('half');
        await Promise.resolve();
        throw new Error('cut');
      }
      expect(await errorOf(artifacts.put('half', broken()))).toBe('transient');
      expect(await ok(artifacts.size('half'))).toBeNull();
      expect(await ok(artifacts.list(''))).toEqual([]);
      await ok(artifacts.put('half', [bytesOf('whole')]));
    });

    it('answers not_found for what is not there, and corrupt for a span that leaves the object', async () => {
      expect(await errorOf(artifacts.read('nothing'))).toBe('not_found');
      expect(await errorOf(artifacts.readSpans('nothing', []))).toBe('not_found');
      expect(await ok(artifacts.size('nothing'))).toBeNull();
      await ok(artifacts.put('four', [bytesOf('four')]));
      expect(await errorOf(artifacts.read('four', { offset: 2, length: 3 }))).toBe('corrupt');
      expect(
        await errorOf(
          artifacts.readSpans('four', [
            { offset: 0, length: 4 },
            { offset: -1, length: 1 },
          ]),
        ),
      ).toBe('corrupt');
      expect(
        Buffer.from(await readWhole(await ok(artifacts.read('four', { offset: 4, length: 0 }))))
          .length,
      ).toBe(0);
    });

    it('lists names under a prefix in code-unit order, with sizes', async () => {
      for (const object of ['b/2', 'a', 'b/10', 'b/1/x', 'bb', 'B'])
        await ok(artifacts.put(object, [bytesOf(object)]));
      expect((await ok(artifacts.list(''))).map((found) => found.name)).toEqual([
        'B',
        'a',
        'b/1/x',
        'b/10',
        'b/2',
        'bb',
      ]);
      expect(await ok(artifacts.list('b/1'))).toEqual([
        { name: 'b/1/x', bytes: 5 },
        { name: 'b/10', bytes: 4 },
      ]);
      expect((await ok(artifacts.list('b'))).map((found) => found.name)).toEqual([
        'b/1/x',
        'b/10',
        'b/2',
        'bb',
      ]);
      expect(await ok(artifacts.list('c'))).toEqual([]);
    });

    it('never gives out bytes that were changed behind its back, and says where they lie', async () => {
      const { damage } = fixture;
      if (damage === undefined) return expect(artifacts.check).toBeUndefined();
      const whole = pattern(100_000);
      await fc.assert(
        fc.asyncProperty(
          fc.nat(99_999),
          fc.nat(99_999),
          fc.nat(5_000),
          async (at, offset, lengthMax) => {
            const span = { offset, length: Math.min(lengthMax, 100_000 - offset) };
            await ok(artifacts.put('hurt', [whole]));
            await damage('hurt', at);
            const read = await artifacts.readSpans('hurt', [span, { offset: 0, length: 1 }])();
            const streamed = await collect(artifacts.read('hurt', span));
            for (const found of [isLeft(read) ? null : read.right[0], streamed])
              if (found !== null)
                expect(
                  Buffer.compare(found as Uint8Array, whole.subarray(offset, offset + span.length)),
                ).toBe(0);
            if (at >= offset && at < offset + span.length) {
              expect([isLeft(read) && read.left.type, streamed]).toEqual(['corrupt', null]);
              if (isLeft(read) && read.left.type === 'corrupt')
                expect(read.left.where).toMatch(/hurt:\d+$/u);
            }
            const { changed } = (await ok(artifacts.check?.('hurt') ?? Promise.reject)) as {
              readonly changed: Span;
            };
            expect([changed.offset <= at, at < changed.offset + changed.length]).toEqual([
              true,
              true,
            ]);
            await ok(artifacts.remove('hurt'));
          },
        ),
        { numRuns: 20 },
      );
    });

    it('removes, and takes absence for success', async () => {
      await ok(artifacts.put('gone', [bytesOf('x')]));
      await ok(artifacts.remove('gone'));
      await ok(artifacts.remove('gone'));
      expect(await errorOf(artifacts.read('gone'))).toBe('not_found');
      await ok(artifacts.put('gone', [bytesOf('again')]));
    });
  });
};

async function* trickle(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield chunk;
  }
}
