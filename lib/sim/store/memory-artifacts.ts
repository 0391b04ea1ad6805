import { joinBytes } from '../../bytes/lines.ts';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { ArtifactStore } from '../../ports/artifacts.ts';
import type { PortError } from '../../ports/port-error.ts';

const chunkBytes = 256 * 1024;

/** Artifacts in memory: like files, but not durable. */
export const memoryArtifacts = (): ArtifactStore => {
  const objects = new Map<string, Uint8Array>();
  const find = (name: string): TE.TaskEither<PortError, Uint8Array> => {
    const bytes = objects.get(name);
    return bytes === undefined
      ? TE.left({ type: 'not_found', message: `no object ${name}` })
      : TE.right(bytes);
  };
  const slice = (
    name: string,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): TE.TaskEither<PortError, Uint8Array> =>
    offset + length > bytes.length || offset < 0
      ? TE.left({
          type: 'corrupt',
          message: `bytes ${offset}+${length} leave object ${name} of ${bytes.length} bytes`,
          where: name,
        })
      : TE.right(bytes.subarray(offset, offset + length));
  return {
    describe: 'memory',
    put: (name, chunks) => async () => {
      const taken = {
        _tag: 'Left',
        left: { type: 'corrupt', message: `object ${name} exists`, where: name },
      } as const;
      if (objects.has(name)) return taken;
      const parts: Uint8Array[] = [];
      try {
        for await (const chunk of chunks) parts.push(chunk.slice());
      } catch (cause) {
        return {
          _tag: 'Left',
          left: { type: 'transient', message: String(cause), retryAfterMs: null, cause },
        };
      }
      // Another may have put it meanwhile.
      if (objects.has(name)) return taken;
      const whole = joinBytes(parts);
      objects.set(name, whole);
      return { _tag: 'Right', right: { bytes: whole.length } };
    },
    read: (name, span) =>
      TE.Monad.chain(
        TE.Monad.chain(find(name), (bytes) =>
          slice(name, bytes, span?.offset ?? 0, span?.length ?? bytes.length),
        ),
        (bytes) => TE.right(inChunks(bytes)),
      ),
    readSpans: (name, spans) =>
      TE.Monad.chain(find(name), (bytes) =>
        TE.sequenceSeqArray(spans.map((span) => slice(name, bytes, span.offset, span.length))),
      ),
    size: (name) => TE.right(objects.get(name)?.length ?? null),
    list: (prefix) =>
      TE.right(
        [...objects]
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, bytes]) => ({ name, bytes: bytes.length }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
      ),
    remove: (name) => TE.fromIO(() => void objects.delete(name)),
  };
};

// A plain object, since an async generator has to await something.
const inChunks = (bytes: Uint8Array): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]: () => {
    let at = 0;
    return {
      next: () => {
        if (at >= bytes.length) return Promise.resolve({ done: true, value: undefined });
        const chunk = bytes.subarray(at, at + chunkBytes);
        at += chunk.length;
        return Promise.resolve({ done: false, value: chunk });
      },
    };
  },
});
