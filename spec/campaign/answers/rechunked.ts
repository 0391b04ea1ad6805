import * as TE from 'fp-ts/lib/TaskEither.js';
import type { OwnedRun } from '../../../lib/ports/index.ts';
import type { Dice } from '../simulated/scenario.ts';

const chunksMax = 400;

/** The same bytes in chunks of random length: characters and lines are cut anywhere. */
export async function* rechunked(bytes: Uint8Array, dice: Dice): AsyncGenerator<Uint8Array> {
  const most = Math.max(dice.oneOf([7, 100, 5_000, 300_000]), Math.ceil(bytes.length / chunksMax));
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + dice.between(1, most));
    yield await Promise.resolve(bytes.subarray(from, to));
    from = to;
  }
}

/** A run whose objects are read in chunks of random length. */
export const reread = (run: OwnedRun, dice: Dice): OwnedRun => {
  const read: OwnedRun['artifacts']['read'] = (name, span) =>
    TE.Monad.map(run.artifacts.read(name, span), (chunks) => cutAgain(chunks, dice));
  const artifacts = { ...run.artifacts, read };
  return new Proxy(run, {
    get: (target, key) =>
      key === 'artifacts' ? artifacts : (Reflect.get(target, key, target) as unknown),
  });
};

async function* cutAgain(
  chunks: AsyncIterable<Uint8Array>,
  dice: Dice,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield* rechunked(chunk, dice);
}
