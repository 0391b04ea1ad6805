import { isLeft } from 'fp-ts/lib/Either.js';
import type { SchedulerLike, Subject } from 'rxjs';
import type { RunConfig } from '../../core/model/config.ts';
import type { RunId } from '../../core/values/ids.ts';
import type { RunEvent } from '../../core/machine/run-event.ts';
import { isFinished, type RunSnapshot } from '../../core/model/snapshot.ts';
import { needsExactTokens } from '../../core/plan/budget.ts';
import type { OwnedRun, RunStore } from '../../ports/run-store.ts';
import type { TokenCounter } from '../../ports/tokens.ts';
import { type AdoptedReader, adoptedSource } from '../../effects/source/adopted-source.ts';
import type { EnginePorts, EngineSource } from '../../effects/ports.ts';
import type { Connections } from '../api/connections.ts';
import { defaultTokenCounter } from '../api/defaults.ts';
import { digestOf } from '../job/digest.ts';
import { commitCommand } from '../../engine/commits.ts';
import { commitOpening, type Driver, startDriver } from './driver.ts';
import { must, toBatchorError } from '../api/interop.ts';
import type { PriceBook } from '../job/price-book.ts';
import { compareLastRow } from '../identity/compare-job.ts';
import { operationAfter, withPrices } from '../control/resume-changes.ts';
import type { Structures } from '../job/structures.ts';

/** What drivers need from their runner. */
export interface DriversParts {
  readonly connections: Connections;
  readonly structures: Structures;
  readonly scheduler: () => SchedulerLike;
  readonly monotonicMs: (() => number) | undefined;
  readonly randomHex: (digits: number) => string;
  readonly tokenCounter: TokenCounter | null | undefined;
  readonly inboxIntervalMs: number | undefined;
  readonly prices: PriceBook | undefined;
  readonly events: Subject<RunEvent>;
}

/** The runs that this process drives: one driver each. */
export class Drivers {
  readonly #parts: DriversParts;
  readonly #drivers = new Map<RunId, Driver>();
  /** Runs whose driver is being started, so that two handles do not race for one run. */
  readonly #taking = new Map<RunId, Promise<Driver | null>>();
  readonly #sources = new Map<RunId, EngineSource>();
  readonly #last = new LastSnapshots();
  #isClosed = false;

  constructor(parts: DriversParts) {
    this.#parts = parts;
  }

  of(runId: RunId): Driver | undefined {
    return this.#drivers.get(runId);
  }

  /** For a handle: shows how the run's drivers end in this process. */
  follow(runId: RunId): LastSeen {
    return this.#last.follow(runId);
  }

  /** Later drivers of the run read its input from this source. */
  attach(runId: RunId, source: EngineSource): void {
    this.#sources.set(runId, source);
  }
  /** Later drivers of the run do not read its input. */
  detach(runId: RunId): void {
    this.#sources.delete(runId);
  }

  /** Owns and drives the run. Null if another process owns it, or if it is finished. */
  take(store: RunStore, runId: RunId): Promise<Driver | null> {
    const known = this.#drivers.get(runId);
    if (known !== undefined) return Promise.resolve(known);
    if (this.#isClosed) return Promise.resolve(null);
    const taking =
      this.#taking.get(runId) ??
      this.#takeNow(store, runId).finally(() => this.#taking.delete(runId));
    this.#taking.set(runId, taking);
    return taking;
  }

  /** Drives a run that is already owned. Releases it if that fails. */
  async drive(run: OwnedRun): Promise<Driver> {
    const {
      connections,
      structures,
      scheduler,
      monotonicMs,
      randomHex,
      tokenCounter,
      inboxIntervalMs,
      events,
      prices,
    } = this.#parts;
    try {
      const { config } = run.snapshot;
      const provider = await connections.connect(config);
      const ports: EnginePorts = {
        run,
        provider,
        source: this.#sources.get(run.runId) ?? sourceAtProvider(config, provider),
        structure: await structures.readerOf(run.runId, config),
        // A given counter is always used. The default one is loaded only if the run needs exact
        // counts.
        tokens:
          tokenCounter !== undefined
            ? tokenCounter
            : needsExactTokens(run.snapshot)
              ? await defaultTokenCounter()
              : null,
        scheduler: scheduler(),
        ...(monotonicMs === undefined ? {} : { monotonicMs }),
        randomHex,
        digest: digestOf,
      };
      await compareLastRow(ports);
      await commitOpening(run, ports.scheduler.now());
      await commitPrices(run, prices, ports.scheduler.now());
      let isOver = false;
      const onEnd = (): void => {
        isOver = true;
        this.#last.note(run.snapshot);
        if (this.#drivers.get(run.runId)?.run === run) this.#drivers.delete(run.runId);
      };
      const driver = startDriver(ports, onEnd, inboxIntervalMs);
      driver.events$.subscribe((event) => events.next(event));
      // The driver may have ended already.
      if (!isOver) this.#drivers.set(run.runId, driver);
      return driver;
    } catch (error) {
      await run.close();
      throw error;
    }
  }

  /** Releases all runs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#taking.values()].map((taking) => taking.catch(() => null)));
    await Promise.all([...this.#drivers.values()].map((driver) => driver.close()));
  }

  async #takeNow(store: RunStore, runId: RunId): Promise<Driver | null> {
    const owned = await store.own(runId)();
    if (isLeft(owned)) {
      if (owned.left.type === 'owned_elsewhere') return null;
      throw toBatchorError(owned.left, { runId, storage: store.describe });
    }
    if (isFinished(owned.right.snapshot)) {
      await owned.right.close();
      return null;
    }
    return this.drive(owned.right);
  }
}

/** Reads the requests of adopted batches from the provider. Null for a run without them. */
const sourceAtProvider = (
  { adopted = [] }: RunConfig,
  provider: AdoptedReader,
): EngineSource | null =>
  adopted.length === 0 ? null : adoptedSource(adopted, () => Promise.resolve(provider));

/** Sets the price of a run that was started without one. Never changes an existing price. */
const commitPrices = async (
  run: OwnedRun,
  book: PriceBook | undefined,
  atMs: number,
): Promise<void> => {
  const { config } = run.snapshot;
  if (config.operation.money.prices !== null) return;
  const changes = withPrices({}, config, book);
  if (changes.prices === undefined) return;
  await must(
    commitCommand(run, {
      type: 'ChangeOperation',
      atMs,
      operation: operationAfter(changes, config),
    }),
    { runId: run.runId },
  );
};

/** How the drivers of a run ended in this process. */
export interface LastSeen {
  /** The last snapshot of the last driver that ended; null before. */
  readonly snapshot: RunSnapshot | null;
  /** The handle is disposed of. */
  forget(): void;
}

interface Entry {
  snapshot: RunSnapshot | null;
  handleCount: number;
}

/** The last snapshots of runs that this process drove. Kept while a handle of the run exists. */
class LastSnapshots {
  readonly #entries = new Map<RunId, Entry>();

  /** True after: the handle sees how later drivers of the run end. */
  follow(runId: RunId): LastSeen {
    const entry = this.#entries.get(runId) ?? { snapshot: null, handleCount: 0 };
    this.#entries.set(runId, entry);
    entry.handleCount += 1;
    let isGone = false;
    return {
      get snapshot() {
        return entry.snapshot;
      },
      forget: () => {
        if (isGone) return;
        isGone = true;
        entry.handleCount -= 1;
        if (entry.handleCount === 0 && this.#entries.get(runId) === entry)
          this.#entries.delete(runId);
      },
    };
  }

  note(snapshot: RunSnapshot): void {
    const entry = this.#entries.get(snapshot.runId);
    if (entry !== undefined && snapshot.version >= (entry.snapshot?.version ?? 0))
      entry.snapshot = snapshot;
  }
}
