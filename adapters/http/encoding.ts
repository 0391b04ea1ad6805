import { pipeline, Readable, type Duplex } from 'node:stream';
import * as zlib from 'node:zlib';

/** More of them, one over the other, are no transfer. */
const layersMax = 2;

/** Takes one encoding off. */
type Unpacker = (packed: Readable) => Readable;

/** What `content-encoding` names, outermost first; `identity` is none. */
export const codingsIn = (header: string | null): readonly string[] =>
  (header ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim().replace(/^x-/u, ''))
    .filter((coding) => coding !== '' && coding !== 'identity')
    .reverse();

/**
 * The bytes as they were before they were packed for the transfer; null where an encoding is not
 * known. Unpacks as it is read. A transfer that is cut, or that is not what its header says, fails
 * where that shows.
 */
export const unpacked = (packed: Readable, header: string | null): Readable | null => {
  const unpackers = codingsIn(header).map(unpackerOf);
  if (unpackers.length > layersMax || unpackers.includes(null)) return null;
  return (unpackers as readonly Unpacker[]).reduce((body, unpack) => unpack(body), packed);
};

/** What `fetch` unpacks by itself, and leaves the header of. */
const unpackedByFetch: readonly string[] = ['gzip', 'deflate', 'br'];

/** True where a body of this header, as a transport gives it, is still packed. */
export const isStillPacked = (header: string | null): boolean => {
  const codings = codingsIn(header);
  return codings.length > layersMax || codings.some((coding) => !unpackedByFetch.includes(coding));
};

const unpackerOf = (coding: string): Unpacker | null => {
  if (coding === 'gzip') return through(zlib.createGunzip);
  if (coding === 'br') return through(zlib.createBrotliDecompress);
  if (coding === 'deflate') return inflate;
  // Not every version of Node has it.
  const zstd = (zlib as { readonly createZstdDecompress?: () => Duplex }).createZstdDecompress;
  return coding === 'zstd' && zstd !== undefined ? through(zstd) : null;
};

// Errors show at the end that is read.
const through =
  (make: () => Duplex): Unpacker =>
  (packed) =>
    pipeline(packed, make(), () => undefined);

/** Under the name `deflate` come bytes with a zlib header, and bytes without. */
const inflate: Unpacker = (packed) => {
  const chunks = packed[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const all = async function* (first: Buffer): AsyncGenerator<Buffer> {
    yield first;
    for await (const chunk of { [Symbol.asyncIterator]: () => chunks }) yield chunk;
  };
  const inflated = Readable.from(
    (async function* (): AsyncGenerator<Buffer> {
      const first = await chunks.next();
      if (first.done === true) return;
      const hasHeader = ((first.value[0] ?? 0) & 0x0f) === 8;
      yield* through(hasHeader ? zlib.createInflate : zlib.createInflateRaw)(
        Readable.from(all(first.value)),
      ) as AsyncIterable<Buffer>;
    })(),
    { objectMode: false },
  );
  return inflated.once('close', () => packed.destroy());
};
