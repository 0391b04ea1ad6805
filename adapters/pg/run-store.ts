import { randomUUID } from 'node:crypto';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { clockJumpMsMin } from '../../lib/core/control/clock.ts';
import { isRunId, type RunId } from '../../lib/core/values/ids.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import { isOwnObject } from '../../lib/core/settle/raw-object.ts';
import { emptySnapshot } from '../../lib/core/model/snapshot.ts';
import type { ArtifactStore } from '../../lib/ports/artifacts.ts';
import type { Port, PortError } from '../../lib/ports/port-error.ts';
import type { ListedRun, OwnedRun, RunReader, RunStore } from '../../lib/ports/run-store.ts';
import { rootOfStore, rootStands } from './artifact-root.ts';
import { batchRecords } from './batch-rows.ts';
import { createLeases } from './leases.ts';
import { createNotices, notifyOf } from './notices.ts';
import { createOwnedRun } from './owned-run.ts';
import { publishedReservation } from './reservations.ts';
import { artifactsOfRun, missingArtifacts, noArtifacts, underRoot } from './run-artifacts.ts';
import { createReader } from './run-reader.ts';
import { found, type Session } from './session.ts';
import { workAlone } from './work-alone.ts';
import { allRuns, findRun, type StoredRun } from './stored-run.ts';
import { movingView, stillView } from './view.ts';

export interface RunStoreParts {
  readonly session: Session;
  readonly artifacts: ArtifactStore | null;
  readonly owner: string;
  readonly leaseTtlMs: number;
  readonly end: () => Promise<void>;
}

/** A run that this process owns now, with what its owner needs. */
interface Taken {
  readonly run: StoredRun;
  readonly epoch: number;
  /** True when the last owner did not release the run: it may have left unreferenced objects. */
  readonly isUnclean: boolean;
}

const listed = ({ runId, snapshot, owner, ownedSinceMs }: StoredRun): ListedRun => ({
  runId,
  snapshot,
  owner,
  ownedSinceMs,
});

export const createRunStore = ({
  session,
  artifacts,
  owner,
  leaseTtlMs,
  end,
}: RunStoreParts): RunStore => {
  const { schema, describe } = session;
  const leases = createLeases(session, leaseTtlMs);
  const notices = createNotices(session);
  const openHandles = new Set<{ close(): Promise<void> }>();
  const unknown = (runId: RunId): PortError => ({
    type: 'not_found',
    message: `no run ${runId} in ${describe}`,
  });
  const takenBy = (other: unknown): PortError => ({
    type: 'owned_elsewhere',
    owner: typeof other === 'string' ? other : 'a process that started first',
  });
  const refused = (message: string): PortError => ({
    type: 'refused',
    message,
    statusCode: null,
    requestId: null,
  });
  const payloadsOf = ({ payloads }: StoredRun): ArtifactStore =>
    artifacts === null
      ? noArtifacts(describe)
      : underRoot(artifactsOfRun(artifacts, payloads), agreeOnRoot, stands);

  /** The root's id, confirmed once per process; null where no payload is available or needed. */
  let root: string | null = null;
  const agreeOnRoot: Port<string | null> = async () => {
    if (artifacts === null) return right(null);
    if (root !== null) return right(root);
    const agreed = await rootOfStore(session, artifacts)();
    if (!isLeft(agreed)) root = agreed.right;
    return agreed;
  };

  const stands: Port<void> = () =>
    (artifacts === null ? TE.right(undefined) : rootStands(artifacts, root))();

  const existing = (runId: RunId): Port<StoredRun> =>
    session.query(async (query) => {
      const run = await findRun(query, schema, runId);
      if (isLeft(run)) return run;
      return run.right === null ? left(unknown(runId)) : right(run.right);
    });

  const release = (run: StoredRun, epoch: number): Promise<unknown> =>
    session.transaction(async (query) => {
      const { count } = await query(
        `update ${schema}.runs set owner = null, lease_until = null where run_no = $1 and epoch = $2`,
        [run.runNo, epoch],
      );
      // Processes that wait for work may find this run.
      if (count > 0) await notifyOf(query, schema, { type: 'released', runId: run.runId });
      return found(undefined);
    })();

  /** Deletes objects that no event names: a dead owner wrote them and did not commit. */
  const deleteUnreferenced = async (
    payloads: ArtifactStore,
    listed: readonly { readonly name: string }[],
    objects: ReadonlyMap<string, number>,
  ): Promise<Either<PortError, void>> => {
    for (const { name } of listed) {
      const removed = isOwnObject(name, objects) ? right(undefined) : await payloads.remove(name)();
      if (isLeft(removed)) return removed;
    }
    return right(undefined);
  };

  const open =
    ({ run, epoch, isUnclean }: Taken): Port<OwnedRun> =>
    async () => {
      const lease = leases.hold(run.runNo, epoch);
      const give = async <A>(fault: Either<PortError, A>): Promise<Either<PortError, A>> => {
        lease.end();
        await release(run, epoch);
        return fault;
      };
      const payloads = payloadsOf(run);
      // Listed before the ownership check: a process that took the run meanwhile wrote none of
      // these.
      const listed = isUnclean && artifacts !== null ? await payloads.list('')() : right([]);
      if (isLeft(listed)) return give(listed);
      const read = await session.query(async (query) => {
        const mine = await query(`select epoch = $2, owner from ${schema}.runs where run_no = $1`, [
          run.runNo,
          epoch,
        ]);
        if (mine.rows[0]?.[0] !== true) return left(takenBy(mine.rows[0]?.[1]));
        const records = await batchRecords(query, { schema, runNo: run.runNo }, 'live');
        if (isLeft(records)) return records;
        const { rows } = await query(
          `select name, object_no from ${schema}.objects where run_no = $1 order by object_no`,
          [run.runNo],
        );
        const published = await publishedReservation(query, { schema, runNo: run.runNo });
        return right({
          published,
          records: records.right,
          objects: new Map(rows.map(([name, no]) => [name as string, no as number])),
        });
      })();
      if (isLeft(read)) return give(read);
      const deleted = await deleteUnreferenced(payloads, listed.right, read.right.objects);
      if (isLeft(deleted)) return give(deleted);
      const owned = createOwnedRun({
        run,
        session,
        lease,
        leaseTtlMs,
        artifacts: payloads,
        view: movingView(session, false),
        ...read.right,
        onClose: async () => {
          openHandles.delete(owned);
          lease.end();
          await release(run, epoch);
        },
      });
      openHandles.add(owned);
      return right(owned);
    };

  /** No live owner by the database's clock. */
  const free = 'lease_until is null or lease_until <= clock_timestamp()';
  /** A plain read first: followers try twice a second to own a run that has an owner. */
  const checkFirst = (runId: RunId): Port<void> =>
    session.query(async (query) => {
      const { rows } = await query(
        `select owner, ${free} from ${schema}.runs where run_id = $1 and version > 0`,
        [runId],
      );
      const [row] = rows;
      if (row === undefined) return left(unknown(runId));
      return row[1] === true
        ? found(undefined)
        : left({ type: 'owned_elsewhere', owner: (row[0] as string | null) ?? 'another process' });
    });
  const take = (runId: RunId): Port<Taken> =>
    session.transaction(async (query) => {
      const { rows } = await query(
        `update ${schema}.runs set epoch = epoch + 1, owner = $2, lease_until = clock_timestamp() + $3 * interval '1 millisecond',
            owned_since = clock_timestamp(), owned_since_epoch = epoch + 1
          from (select run_no, lease_until is not null as is_unclean from ${schema}.runs where run_id = $1 for update) as known
          where runs.run_no = known.run_no and version > 0 and (${free.replaceAll('lease_until', 'runs.lease_until')})
          returning runs.epoch, known.is_unclean`,
        [runId, owner, leaseTtlMs],
      );
      const run = await findRun(query, schema, runId);
      if (isLeft(run)) return run;
      if (run.right === null) return left(unknown(runId));
      const [row] = rows;
      if (row === undefined) return left(takenBy(run.right.owner));
      return right({ run: run.right, epoch: Number(row[0]), isUnclean: row[1] === true });
    });
  const begin = (runId: RunId, description: JsonObject | null): Port<Taken> => {
    // Random: another database with the same root may have a run of the same id and number.
    const payloads = `runs/${runId}.${randomUUID()}/`;
    return session.transaction(async (query) => {
      const { rows } = await query(
        `insert into ${schema}.runs (run_id, description, payloads, epoch, owner, lease_until, owned_since, owned_since_epoch)
          values ($1, $2, $3, 1, $4, clock_timestamp() + $5 * interval '1 millisecond', clock_timestamp(), 1)
          on conflict (run_id) do update set epoch = runs.epoch + 1, description = excluded.description,
            payloads = excluded.payloads, owner = excluded.owner, lease_until = excluded.lease_until,
            owned_since = excluded.owned_since, owned_since_epoch = runs.epoch + 1
          where runs.version = 0 and (${free.replaceAll('lease_until', 'runs.lease_until')})
          returning run_no, epoch`,
        [
          runId,
          description === null ? null : JSON.stringify(description),
          payloads,
          owner,
          leaseTtlMs,
        ],
      );
      const [row] = rows;
      if (row === undefined) {
        const known = await query(
          `select version > 0, owner from ${schema}.runs where run_id = $1`,
          [runId],
        );
        if (known.rows[0]?.[0] === true) return left(refused(`run ${runId} exists in ${describe}`));
        return left(takenBy(known.rows[0]?.[1]));
      }
      const run: StoredRun = {
        runNo: row[0] as number,
        runId,
        payloads,
        description,
        owner,
        ownedSinceMs: null,
        snapshot: emptySnapshot,
      };
      return right({ run, epoch: Number(row[1]), isUnclean: false });
    });
  };

  return {
    describe,
    own: (runId) =>
      TE.Monad.chain(checkFirst(runId), () =>
        TE.Monad.chain(agreeOnRoot, () =>
          TE.Monad.chain(stands, () => TE.Monad.chain(take(runId), open)),
        ),
      ),
    create: (runId, description) =>
      isRunId(runId)
        ? TE.Monad.chain(agreeOnRoot, (agreed) =>
            agreed === null
              ? TE.left(missingArtifacts(describe))
              : TE.Monad.chain(begin(runId, description), open),
          )
        : TE.left(
            refused(
              `${JSON.stringify(runId)} cannot name a run: 1 to 120 of A-Z a-z 0-9 . _ -, the first a letter or digit`,
            ),
          ),
    read: (runId, { isStill = false } = {}) =>
      TE.Monad.map(existing(runId), (run): RunReader => {
        const view = isStill ? stillView(session) : movingView(session, true);
        const reader = createReader({
          run,
          view,
          schema,
          artifacts: payloadsOf(run),
          shown: { snapshot: run.snapshot },
          onClose: async () => {
            openHandles.delete(reader);
            await view.close();
          },
        });
        openHandles.add(reader);
        return reader;
      }),
    peek: (runId) =>
      TE.Monad.map(existing(runId), (run) => ({ ...listed(run), artifacts: payloadsOf(run) })),
    list: () =>
      session.query(async (query) => {
        const runs = await allRuns(query, schema);
        return isLeft(runs) ? runs : right(runs.right.map(listed));
      }),
    send: (runId, { type, options }) =>
      session.transaction(async (query) => {
        const { rows } = await query(
          `insert into ${schema}.commands (run_no, type, options)
            select run_no, $2, $3 from ${schema}.runs where run_id = $1 and version > 0 returning command_no`,
          [runId, type, JSON.stringify(options)],
        );
        if (rows[0] === undefined) return left(unknown(runId));
        await notifyOf(query, schema, { type: 'command', runId });
        return right(String(rows[0][0]));
      }),
    remove: (runId) =>
      TE.Monad.chain(agreeOnRoot, (agreed) =>
        agreed === null
          ? TE.left(missingArtifacts(describe))
          : TE.Monad.chain(take(runId), removeWhole),
      ),
    alone: (names, work) => workAlone(session, names, work),
    prepare: () =>
      TE.Monad.chain(agreeOnRoot, (agreed) =>
        agreed === null ? TE.left(missingArtifacts(describe)) : TE.right(agreed),
      ),
    adoptable: (nowMs, limit) =>
      session.query(async (query) => {
        const { rows } = await query(
          `select run_id from ${schema}.runs where status = 'running' and version > 0 and (${free})
            and (owed_at_ms <= $1 or (owed_at_ms > $1 and (snapshot ->> 'updatedAtMs')::double precision >= $3)
              or exists (select from ${schema}.commands where commands.run_no = runs.run_no))
            order by owed_at_ms, run_no limit $2`,
          // A commit time ahead of now: the clock went back, and the due time may be ahead too.
          [Math.floor(nowMs), limit, nowMs + clockJumpMsMin],
        );
        return right(rows.map(([runId]) => runId as RunId));
      }),
    onNews: notices.listen,
    async close() {
      await Promise.all([...openHandles].map((handle) => handle.close()));
      leases.stop();
      await notices.stop();
      await end();
    },
  };

  /** Deletes the objects first, so that an interrupted removal can be repeated. */
  function removeWhole({ run, epoch }: Taken): Port<void> {
    return async () => {
      const lease = leases.hold(run.runNo, epoch);
      const gone = await TE.Monad.chain(removeObjects(payloadsOf(run)), () =>
        session.transaction(async (query) => {
          const { count } = await query(
            `delete from ${schema}.runs where run_no = $1 and epoch = $2`,
            [run.runNo, epoch],
          );
          if (count === 0) return left(takenBy(null));
          await query(`delete from ${schema}.items where run_no = $1`, [run.runNo]);
          return found(undefined);
        }),
      )();
      lease.end();
      if (isLeft(gone)) await release(run, epoch);
      return gone;
    };
  }
};

const removeObjects =
  (payloads: ArtifactStore): Port<void> =>
  async () => {
    const listed = await payloads.list('')();
    if (isLeft(listed)) return listed;
    for (const { name } of listed.right) {
      const removed = await payloads.remove(name)();
      if (isLeft(removed)) return removed;
    }
    return right(undefined);
  };
