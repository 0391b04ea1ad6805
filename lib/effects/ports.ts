import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { SchedulerLike } from 'rxjs';
import type { Command } from '../core/model/command.ts';
import type { BatchProvider, ProviderWire } from '../ports/provider.ts';
import type { PortError } from '../ports/port-error.ts';
import type { OwnedRun } from '../ports/run-store.ts';
import type { BatchItem, CheckpointedItemSource } from '../ports/source.ts';
import type { TokenCounter } from '../ports/tokens.ts';
import type { OutputReading } from '../schema/structure.ts';

/** The ports that the engine needs for one run. */
export interface EnginePorts {
  readonly run: OwnedRun;
  readonly provider: BatchProvider & ProviderWire;
  /** Null without a source: ingestion then stops, and a warning says so. */
  readonly source: EngineSource | null;
  /** Null: bytes are estimate enough. */
  readonly tokens: TokenCounter | null;
  /**
   * Reads answers that were promised in a structure, where the run's config has one. Absent or
   * null: answers are plain text.
   */
  readonly structure?: AnswerReading | null;
  readonly scheduler: SchedulerLike;
  /**
   * Milliseconds of a clock that nothing sets. Absent: a jump of the scheduler's clock goes
   * unnoticed while the run is driven.
   */
  readonly monotonicMs?: () => number;
  /** Random hexadecimal text of this many digits, for batch keys. */
  readonly randomHex: (digits: number) => string;
  /** A cryptographic digest, of at least 128 bits: texts are the same where their digests are. */
  readonly digest: (text: string) => Uint8Array;
}

/** Reads many answers at once, in their order, each in bounded time. */
export interface AnswerReading {
  readonly readAll: (texts: readonly (string | null)[]) => Promise<readonly OutputReading[]>;
}

/**
 * Where an engine reads items, and how it makes prompts of them. `buildPrompt` may throw: the row
 * is then a bad row.
 */
export interface EngineSource {
  readonly items: CheckpointedItemSource;
  readonly buildPrompt: (item: BatchItem) => unknown;
}

/**
 * A command whose slice is still to be read: evaluated inside the serial step, just before
 * `decide`.
 */
export type Asked = TaskEither<PortError, Command>;
/** Performs one effect. */
export type Perform<E> = (effect: E, signal: AbortSignal) => TaskEither<PortError, Asked>;
