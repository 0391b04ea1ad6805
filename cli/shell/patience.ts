import { openStore } from '../compose.ts';
import type { CliContext } from './context.ts';
import type { Place } from './place.ts';
import { writeNotes } from '../print/render.ts';

/** An owner that is well answers within two seconds. */
const patienceMs = 3_000;

/** The same work; somebody at a terminal who waits for it long is told for whom. */
export const awaitingOwner = async <A>(context: CliContext, place: Place, runId: string, work: Promise<A>): Promise<A> => {
  if (!context.isStderrTerminal) return work;
  const timer = setTimeout(() => void sayWho(context, place, runId).catch(() => undefined), patienceMs);
  return work.finally(() => clearTimeout(timer));
};

const sayWho = async (context: CliContext, place: Place, runId: string): Promise<void> => {
  const store = await openStore(place.store);
  const owner = await store.ownerOf(runId as Parameters<typeof store.ownerOf>[0])();
  await store.close();
  if (owner._tag === 'Left' || owner.right === null) return;
  writeNotes(context, [
    `batchor: ${owner.right} drives run ${runId} and has not answered yet; if nothing is heard of it for ${place.store.type === 'folder' ? 20 : 30} seconds, it is done here`,
  ]);
};
