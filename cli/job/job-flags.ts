import type { Readable } from 'node:stream';
import type { RunConfig, TokenPrices } from '../../lib/core/model/config.ts';
import type { PriceBook } from '../../lib/run/job/price-book.ts';
import { CliFailure } from '../shell/failure.ts';
import type { Reached } from './job-description.ts';
import type { PolicyFlags } from './policy-flags.ts';
import { type CliProvider, openaiProvider } from './providers.ts';
import type { SchemaFlags } from './schema-source.ts';

/** The flags of `start` and `quote` that describe the job, as typed. */
export interface StartFlags extends PolicyFlags, SchemaFlags {
  readonly job: string | undefined;
  readonly fromRun: string | undefined;
  readonly only: string | undefined;
  readonly input: readonly string[];
  readonly inputFormat: string | undefined;
  readonly delimiter: string | undefined;
  readonly quote: string | undefined;
  readonly encoding: string | undefined;
  readonly jsonPath: string | undefined;
  readonly maxRowBytes: string | undefined;
  readonly namespaceIds: boolean | undefined;
  readonly idField: string | undefined;
  readonly promptField: string | undefined;
  readonly messagesField: string | undefined;
  readonly promptTemplate: string | undefined;
  readonly systemPrompt: string | undefined;
  readonly metadataField: readonly string[];
  readonly keepColumns: boolean;
  readonly limit: string | undefined;
  readonly model: string | undefined;
  readonly endpoint: string | undefined;
  readonly param: readonly string[];
  readonly completionWindow: string | undefined;
}

export interface JobPlace {
  readonly cwd: string;
  readonly stdin: Readable;
  /** Prints a note about a detected setting. */
  readonly note: (line: string) => void;
  /** The address of the service, as it is stored with the run. */
  readonly reach: Reached;
  readonly book: PriceBook | undefined;
  /** The config of an earlier run of the store. */
  readonly configOf: (runId: string) => Promise<RunConfig>;
}

/** Refuses the first of these flags that was given. */
export const isAbsent = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : value === undefined || value === false;

export const refuseBeside = (
  flag: string,
  flags: StartFlags,
  others: readonly (keyof StartFlags)[],
  hint: string,
): void => {
  const first = others.find((name) => {
    return !isAbsent(flags[name]);
  });
  if (first !== undefined)
    throw new CliFailure(`${flag} and ${flagName(first)} exclude each other`, { hint });
};

/** The price to store with the run, so that every process uses the same price. */
export const priceOf = (
  book: PriceBook | undefined,
  model: string,
  { name }: CliProvider = openaiProvider,
): TokenPrices | null => book?.({ kind: name, connection: name, model }) ?? null;

export const completionWindowOf = (
  text: string,
  { title }: CliProvider = openaiProvider,
): string => {
  if (/^[1-9]\d*[hd]$/u.test(text)) return text;
  throw new CliFailure(
    `--completion-window must be a duration, e.g. 24h (got ${JSON.stringify(text)})`,
    {
      hint: `${title} takes only 24h.`,
    },
  );
};

export const flagName = (name: string): string =>
  `--${name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
