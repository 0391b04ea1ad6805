import { openStore } from '../compose.ts';
import type { CliContext } from './context.ts';
import type { Place } from './place.ts';
import { writeNotes } from '../print/render.ts';

/** A healthy owner answers within two seconds. */
const patienceMs = 3_000;

/** Returns the work unchanged; at a terminal, a note names the owner when the work takes long. */
export const awaitingOwner = async <A>(
  context: CliContext,
  place: Place,
  runId: string,
  work: Promise<A>,
): Promise<A> => {
  if (!context.isStderrTerminal) return work;
  const timer = setTimeout(
    () => void nameOwner(context, place, runId).catch(() => undefined),
    patienceMs,
  );
  return work.finally(() => clearTimeout(timer));
};

const nameOwner = async (context: CliContext, place: Place, runId: string): Promise<void> => {
  const store = await openStore(place.store);
  const shown = await store.peek(runId as Parameters<typeof store.peek>[0])();
  await store.close();
  if (shown._tag === 'Left' || shown.right.owner === null) return;
  writeNotes(context, [
    `batchor: ${shown.right.owner} owns run ${runId} and has not answered yet; without a heartbeat for ${place.store.type === 'folder' ? 20 : 30} seconds, this process takes over`,
  ]);
};
