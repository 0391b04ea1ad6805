import * as TE from 'fp-ts/lib/TaskEither.js';
import type { ArtifactStore, RunReader } from '../../../lib/ports/index.ts';
import type { Port } from '../../../lib/ports/port-error.ts';
import { memoryArtifacts } from '../../../lib/sim/store/memory-artifacts.ts';
import { memoryStore, type MemoryStorage } from '../../../lib/sim/index.ts';

/** What a reader is shown instead of what is stored; who owns a run sees what is there. */
export interface Doctor {
  /** Objects as they are from now on; null: gone. */
  readonly objects: Map<string, Uint8Array | null>;
  /** Changes pages on their way to the reader. */
  rows: Change<'rows'>;
  linesOfRows: Change<'linesOfRows'>;
  resultsAfter: Change<'resultsAfter'>;
  batches: Change<'batches'>;
}
type PageName = 'rows' | 'linesOfRows' | 'resultsAfter' | 'batches';
type Page<N extends PageName> = RunReader[N] extends (from: number, limit: number) => Port<infer P>
  ? P
  : never;
type Change<N extends PageName> = (page: Page<N>, from: number) => Page<N>;

const asItIs = <A>(page: A): A => page;
const honest = { rows: asItIs, linesOfRows: asItIs, resultsAfter: asItIs, batches: asItIs };

/** From now on readers are shown what is stored. */
export const heal = (doctor: Doctor): void => {
  doctor.objects.clear();
  Object.assign(doctor, honest);
};

/** A memory store whose readers may be lied to, and the one who lies. */
export const doctoredStorage = (): MemoryStorage & { readonly doctor: Doctor } => {
  const doctor: Doctor = { objects: new Map(), ...honest };
  const storage = memoryStore();
  return {
    ...storage,
    doctor,
    open: () =>
      TE.Monad.map(storage.open(), (store) => ({
        ...store,
        read: (runId) =>
          TE.Monad.map(store.read(runId), (reader) => doctoredReader(reader, doctor)),
      })),
  };
};

const doctoredReader = (reader: RunReader, doctor: Doctor): RunReader => {
  const artifacts = doctoredArtifacts(reader.artifacts, doctor);
  const pages: Partial<RunReader> = {
    rows: (from, limit) =>
      TE.Monad.map(reader.rows(from, limit), (page) => doctor.rows(page, from)),
    linesOfRows: (from, limit) =>
      TE.Monad.map(reader.linesOfRows(from, limit), (page) => doctor.linesOfRows(page, from)),
    resultsAfter: (from, limit) =>
      TE.Monad.map(reader.resultsAfter(from, limit), (page) => doctor.resultsAfter(page, from)),
    batches: (from, limit) =>
      TE.Monad.map(reader.batches(from, limit), (page) => doctor.batches(page, from)),
    artifacts,
  };
  return new Proxy(reader, {
    get: (target, key) =>
      key in pages ? pages[key as keyof RunReader] : (Reflect.get(target, key, target) as unknown),
  });
};

const doctoredArtifacts = (artifacts: ArtifactStore, { objects }: Doctor): ArtifactStore => {
  const of = async (name: string): Promise<ArtifactStore> => {
    const damaged = objects.get(name);
    if (damaged === undefined) return artifacts;
    const other = memoryArtifacts();
    if (damaged !== null) await other.put(name, [damaged])();
    return other;
  };
  return {
    ...artifacts,
    size: (name) => async () => (await of(name)).size(name)(),
    read: (name, span) => async () => (await of(name)).read(name, span)(),
    readSpans: (name, spans) => async () => (await of(name)).readSpans(name, spans)(),
  };
};
