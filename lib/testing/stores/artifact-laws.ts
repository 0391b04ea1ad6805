import assert from 'node:assert/strict';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import type { ArtifactStore, Span } from '../../ports/artifacts.ts';
import { PayloadError } from '../../ports/payload-error.ts';
import type { PortError } from '../../ports/port-error.ts';
import { errorTypeOf as errorOf, valueOf as ok } from '../check.ts';
import type { Draw } from '../draw.ts';

/** Where one law of artifacts is held. */
export interface ArtifactContext {
  readonly artifacts: ArtifactStore;
  /** Flips a bit of a stored object behind the store's back. */
  readonly damage: (name: string, byteOffset: number) => Promise<void>;
  readonly draw: Draw;
}

/** A law of artifact stores. */
export interface ArtifactLaw {
  readonly name: string;
  /** True of one that changes stored bytes behind the store's back. */
  readonly needsDamage?: true;
  readonly holds: (at: ArtifactContext) => Promise<void>;
}

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

/** Immutable objects, whole or absent. */
export const artifactLaws: readonly ArtifactLaw[] = [
  {
    name: 'returns what was put, whatever its chunks were',
    holds: async ({ artifacts, draw }) => {
      for (let count = 0; count < 20; count += 1) {
        const object = `objects/${count}`;
        const chunks = Array.from({ length: draw.below(8) }, () => draw.bytes(50));
        const whole = Buffer.concat(chunks);
        const source = count % 2 === 0 ? trickle(chunks) : chunks;
        assert.deepEqual(await ok(artifacts.put(object, source)), { bytes: whole.length });
        assert.equal(await ok(artifacts.size(object)), whole.length);
        assert.deepEqual(await readWhole(await ok(artifacts.read(object))), whole);
      }
    },
  },

  {
    name: 'keeps what it was given, though the source writes into its buffer again',
    holds: async ({ artifacts }) => {
      const buffer = new Uint8Array(4);
      async function* reusing(): AsyncGenerator<Uint8Array> {
        for (const letter of [65, 66, 67]) {
          await Promise.resolve();
          yield buffer.fill(letter);
        }
      }
      await ok(artifacts.put('a', reusing()));
      assert.equal(
        Buffer.from(await readWhole(await ok(artifacts.read('a')))).toString(),
        'AAAABBBBCCCC',
      );
    },
  },

  {
    name: 'reads a large object in chunks of at most about a megabyte',
    holds: async ({ artifacts }) => {
      const whole = pattern(3_000_001);
      await ok(artifacts.put('large', [whole.subarray(0, 1_999_999), whole.subarray(1_999_999)]));
      let read = 0;
      for await (const chunk of await ok(
        artifacts.read('large', { offset: 7, length: 2_999_990 }),
      )) {
        assert.ok(chunk.length <= 1_100_000);
        assert.equal(Buffer.compare(chunk, whole.subarray(7 + read, 7 + read + chunk.length)), 0);
        read += chunk.length;
      }
      assert.equal(read, 2_999_990);
    },
  },

  {
    name: 'reads spans in the order asked for',
    holds: async ({ artifacts, draw }) => {
      const whole = pattern(200_000);
      await ok(artifacts.put('spans', [whole]));
      for (let tries = 0; tries < 20; tries += 1) {
        const spans = Array.from({ length: draw.below(31) }, (): Span => {
          const offset = draw.below(200_000);
          return { offset, length: Math.min(draw.below(3_001), 200_000 - offset) };
        });
        assert.deepEqual(
          (await ok(artifacts.readSpans('spans', spans))).map((bytes) => Buffer.from(bytes)),
          spans.map(({ offset, length }) => Buffer.from(whole.subarray(offset, offset + length))),
        );
      }
    },
  },

  {
    name: 'refuses to put under a name that is taken, and leaves what is there',
    holds: async ({ artifacts }) => {
      await ok(artifacts.put('one', [bytesOf('first')]));
      assert.equal(await errorOf(artifacts.put('one', [bytesOf('second')])), 'corrupt');
      assert.equal(
        Buffer.from(await readWhole(await ok(artifacts.read('one')))).toString(),
        'first',
      );
    },
  },

  {
    name: 'lets one of several win who put under one name at once',
    holds: async ({ artifacts }) => {
      const answers = await Promise.all(
        ['a', 'b', 'c', 'd'].map((text) => artifacts.put('race', [bytesOf(text.repeat(9))])()),
      );
      assert.equal(answers.filter((answer) => answer._tag === 'Right').length, 1);
      assert.match(
        Buffer.from(await readWhole(await ok(artifacts.read('race')))).toString(),
        /^(a{9}|b{9}|c{9}|d{9})$/,
      );
    },
  },

  {
    name: 'leaves nothing of an object whose bytes broke off',
    holds: async ({ artifacts }) => {
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield bytesOf('half');
        await Promise.resolve();
        throw new Error('cut');
      }
      assert.equal(await errorOf(artifacts.put('half', broken())), 'transient');
      assert.equal(await ok(artifacts.size('half')), null);
      assert.deepEqual(await ok(artifacts.list('')), []);
      await ok(artifacts.put('half', [bytesOf('whole')]));
    },
  },

  {
    name: 'answers not_found for what is not there, and corrupt for a span that leaves the object',
    holds: async ({ artifacts }) => {
      assert.equal(await errorOf(artifacts.read('nothing')), 'not_found');
      assert.equal(await errorOf(artifacts.readSpans('nothing', [])), 'not_found');
      assert.equal(await ok(artifacts.size('nothing')), null);
      await ok(artifacts.put('four', [bytesOf('four')]));
      assert.equal(await errorOf(artifacts.read('four', { offset: 2, length: 3 })), 'corrupt');
      assert.equal(
        await errorOf(
          artifacts.readSpans('four', [
            { offset: 0, length: 4 },
            { offset: -1, length: 1 },
          ]),
        ),
        'corrupt',
      );
      assert.equal(
        Buffer.from(await readWhole(await ok(artifacts.read('four', { offset: 4, length: 0 }))))
          .length,
        0,
      );
    },
  },

  {
    name: 'lists names under a prefix in code-unit order, with sizes',
    holds: async ({ artifacts }) => {
      for (const object of ['b/2', 'a', 'b/10', 'b/1/x', 'bb', 'B'])
        await ok(artifacts.put(object, [bytesOf(object)]));
      assert.deepEqual(
        (await ok(artifacts.list(''))).map((found) => found.name),
        ['B', 'a', 'b/1/x', 'b/10', 'b/2', 'bb'],
      );
      assert.deepEqual(await ok(artifacts.list('b/1')), [
        { name: 'b/1/x', bytes: 5 },
        { name: 'b/10', bytes: 4 },
      ]);
      assert.deepEqual(
        (await ok(artifacts.list('b'))).map((found) => found.name),
        ['b/1/x', 'b/10', 'b/2', 'bb'],
      );
      assert.deepEqual(await ok(artifacts.list('c')), []);
    },
  },

  {
    name: 'never gives out bytes that were changed behind its back, and says where they lie',
    needsDamage: true,
    holds: async ({ artifacts, damage, draw }) => {
      const whole = pattern(100_000);
      for (let tries = 0; tries < 20; tries += 1) {
        const at = draw.below(100_000);
        const offset = draw.below(100_000);
        const span = { offset, length: Math.min(draw.below(5_001), 100_000 - offset) };
        await ok(artifacts.put('hurt', [whole]));
        await damage('hurt', at);
        const read = await artifacts.readSpans('hurt', [span, { offset: 0, length: 1 }])();
        const streamed = await collect(artifacts.read('hurt', span));
        for (const found of [isLeft(read) ? null : read.right[0], streamed])
          if (found !== null && found !== undefined)
            assert.equal(
              Buffer.compare(found, whole.subarray(offset, offset + span.length)),
              0,
              'changed bytes are given out',
            );
        if (at >= offset && at < offset + span.length) {
          assert.deepEqual([isLeft(read) && read.left.type, streamed], ['corrupt', null]);
          if (isLeft(read) && read.left.type === 'corrupt')
            assert.match(read.left.where, /hurt:\d+$/u);
        }
        const check =
          artifacts.check ?? assert.fail('a store that finds changed bytes has check()');
        const { changed } = await ok(check('hurt'));
        assert.ok(changed !== null && changed.offset <= at && at < changed.offset + changed.length);
        await ok(artifacts.remove('hurt'));
      }
    },
  },

  {
    name: 'removes, and takes absence for success',
    holds: async ({ artifacts }) => {
      await ok(artifacts.put('gone', [bytesOf('x')]));
      await ok(artifacts.remove('gone'));
      await ok(artifacts.remove('gone'));
      assert.equal(await errorOf(artifacts.read('gone')), 'not_found');
      await ok(artifacts.put('gone', [bytesOf('again')]));
    },
  },
];

async function* trickle(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield chunk;
  }
}
