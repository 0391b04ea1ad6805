import * as TE from 'fp-ts/lib/TaskEither.js';
import type { BatchRecord } from '../../../lib/core/internal.ts';
import type {
  ArtifactStore,
  ResultRef,
  RowLines,
  RowPage,
  RowPart,
  RowQuery,
  RunReader,
  StoredRow,
} from '../../../lib/ports/index.ts';
import type { Port } from '../../../lib/ports/port-error.ts';
import { memoryArtifacts } from '../../../lib/sim/store/memory-artifacts.ts';
import { linesOfRows, resultsAfter, storedRows } from '../../../lib/rows/read-rows.ts';
import { pageOfLines, pageOfResults, pageOfRows } from './row-columns.ts';
import { memoryStore, type MemoryStorage } from '../../../lib/sim/index.ts';

/** What a reader is shown instead of what is stored; who owns a run sees what is there. */
export interface Doctor {
  /** Objects as they are from now on; null: gone. */
  readonly objects: Map<string, Uint8Array | null>;
  /** Changes pages on their way to the reader. */
  rows: Change<StoredRow>;
  linesOfRows: Change<RowLines>;
  resultsAfter: Change<ResultRef>;
  batches: Change<BatchRecord>;
}
type Change<A> = (page: readonly A[], from: number) => readonly A[];

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
  /** Which read of the library a query is shows in the parts that it asks for. */
  const changed = (query: RowQuery): Port<unknown> => {
    const { select, limit } = query;
    if ('afterSequence' in select)
      return TE.Monad.map(resultsAfter(reader, select.afterSequence, limit), (page) =>
        pageOfResults(doctor.resultsAfter(page, select.afterSequence)),
      );
    if (!('fromIndex' in select) || query.status !== undefined) return reader.rows(query);
    return query.parts.includes('ids')
      ? TE.Monad.map(storedRows(reader, select.fromIndex, limit), (page) =>
          pageOfRows(doctor.rows(page, select.fromIndex)),
        )
      : TE.Monad.map(linesOfRows(reader, select.fromIndex, limit), (page) =>
          pageOfLines(select.fromIndex, doctor.linesOfRows(page, select.fromIndex)),
        );
  };
  const pages: Partial<RunReader> = {
    rows: <P extends RowPart>(query: RowQuery<P>) => changed(query) as Port<RowPage<P>>,
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
