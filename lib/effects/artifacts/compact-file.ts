import { joinBytes } from '../../bytes/lines.ts';
import { isLeft } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Effect } from '../../core/model/effect.ts';
import { batchKeyOfObject, compactNameOf } from '../../core/settle/raw-object.ts';
import type { ArtifactStore } from '../../ports/artifacts.ts';
import type { Port } from '../../ports/port-error.ts';
import type { ProviderWire } from '../../ports/provider.ts';
import { compactText, footerText } from '../results/compact-line.ts';
import { readLineBlocks } from '../settle/line-reader.ts';
import type { Asked, EnginePorts, Perform } from '../ports.ts';
import { readerOf } from '../results/structured.ts';

type Wire = Pick<ProviderWire, 'readContent' | 'readVerdict'>;

/** Makes the raw file compact, then removes it. A crash in between leaves both files. */
export const performCompact =
  ({
    run,
    provider,
    scheduler,
  }: EnginePorts): Perform<Extract<Effect, { readonly type: 'CompactFile' }>> =>
  ({ object }) =>
    pipe(
      compactFile(run.artifacts, readerOf(run.snapshot.config, provider), object),
      TE.chain(() => removeReadings(run, object)),
      TE.map((): Asked => TE.right({ type: 'RecordCompacted', atMs: scheduler.now(), object })),
    );

/**
 * Removes the file and unreferenced objects of other readings of its batch. Keeps a part that is
 * still to be made compact.
 */
const removeReadings = (
  { artifacts, snapshot }: EnginePorts['run'],
  object: string,
): Port<unknown> => {
  const batchKey = batchKeyOfObject(object);
  const others = snapshot.artifacts.unkept.filter((name) => name !== object);
  return pipe(
    batchKey === null ? TE.right([]) : artifacts.list(`raw/${batchKey}/`),
    TE.map((found) => [
      object,
      ...found.map(({ name }) => name).filter((name) => name !== object && !others.includes(name)),
    ]),
    TE.chain((names) => TE.sequenceSeqArray(names.map((name) => artifacts.remove(name)))),
  );
};

/**
 * True after: what each line of the raw file says of its row, to settlement and to readers of
 * results, is whole and durable in an object of its own, and found there by the line's byte offset
 * in the raw file. Once it is, it stays: the raw file may be gone. In memory, 24 bytes a line.
 */
export const compactFile =
  (artifacts: ArtifactStore, wire: Wire, object: string): Port<void> =>
  async () => {
    const name = compactNameOf(object);
    const known = await artifacts.size(name)();
    if (isLeft(known)) return known;
    if (known.right !== null) return TE.right<never, void>(undefined)();
    const raw = await artifacts.read(object)();
    if (isLeft(raw))
      return raw.left.type === 'not_found'
        ? TE.left({ type: 'corrupt' as const, message: raw.left.message, where: object })()
        : raw;
    const written = await artifacts.put(name, compacted(raw.right, wire))();
    if (!isLeft(written)) return TE.right<never, void>(undefined)();
    // A former owner may have written it first: the content is the same.
    const found = await artifacts.size(name)();
    return isLeft(found) || found.right === null ? written : TE.right<never, void>(undefined)();
  };

const chunkChars = 256 * 1024;

async function* compacted(
  chunks: AsyncIterable<Uint8Array>,
  wire: Wire,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const index: number[] = [];
  let rawBytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      rawBytes += chunk.length;
      yield chunk;
    }
  }
  let parts: Uint8Array[] = [];
  let partBytes = 0;
  for await (const block of readLineBlocks(counted())) {
    for (const { offset, length, text } of block) {
      const line = text === null ? null : compactText(wire, text);
      if (line === null) continue;
      const bytes = encoder.encode(line);
      index.push(offset, length, bytes.length);
      parts.push(bytes);
      partBytes += bytes.length;
    }
    if (partBytes < chunkChars) continue;
    yield joinBytes(parts);
    parts = [];
    partBytes = 0;
  }
  yield joinBytes(parts);
  let indexBytes = 0;
  for (const text of indexTexts(index)) {
    indexBytes += text.length;
    yield encoder.encode(text);
  }
  yield encoder.encode(footerText({ rawBytes, indexBytes }));
}

/** One line: each raw line's offset, its length, and the length of what was made of it. */
function* indexTexts(index: readonly number[]): Generator<string> {
  const step = 30_000;
  yield '{"index":[';
  for (let from = 0; from < index.length; from += step)
    yield `${from === 0 ? '' : ','}${index.slice(from, from + step).join(',')}`;
  yield ']}\n';
}
