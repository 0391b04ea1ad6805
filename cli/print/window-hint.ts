import { commandLine, type Place } from '../shell/place.ts';

/** True where a service says that it does not take the completion window. */
export const isAboutWindow = (message: string): boolean =>
  /\bcompletion[ _]?window\b/iu.test(message);

/** A window that the service names as one that it takes; null: it names none. */
const namedWindow = (message: string): string | null =>
  /['"`](\d{1,4}[hd])['"`]/u.exec(message)?.[1] ?? null;

/** The whole way from a window that cannot change to the same rows in another one. */
export const windowHint = (place: Place, runId: string, window: string | null): string => {
  const again = `batchor start --from-run ${runId} --completion-window ${window ?? 'TIME'} --run-id NEW${place.storeFlag} --wait`;
  return `A run cannot change its completion window. End it, which sends nothing more: ${commandLine(place, 'cancel', runId, '--wait')}. Then send its rows that have no answer as a run of another id: ${again}`;
};

/** The same for a refusal by the service. */
export const refusedWindowHint = (place: Place, runId: string, message: string): string =>
  `The service does not take this --completion-window. ${windowHint(place, runId, namedWindow(message))}`;
