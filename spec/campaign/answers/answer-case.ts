import { createOpenAIWire } from '../../../adapters/openai/answers/wire.ts';
import { decodeEvents, encodeEvents } from '../../../lib/core/codec/event-record.ts';
import type { Event } from '../../../lib/core/internal.ts';
import { indexesOf } from '../../../lib/core/values/index-set.ts';
import type { OwnedRun, ProviderWire } from '../../../lib/ports/index.ts';
import { toWire, toWireLine } from '../../../lib/run/view/wire.ts';
import {
  answerFormFaults,
  fakeConnection,
  createFakeProvider,
  type Fault,
} from '../../../lib/sim/index.ts';
import { readParts, toResult } from '../../../lib/effects/results/results.ts';
import { diceOf, type Dice } from '../simulated/scenario.ts';
import { createEngineLab, right } from '../../support/sim/engine-lab.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';
import {
  type OracleEndpoint,
  type OracleLine,
  type Reading,
  readFileAsOracle,
} from './answer-oracle.ts';
import { createMutator, type Done, type MutatorOptions } from './mutator.ts';
import { rechunked, reread } from './rechunked.ts';
import { resultsByIndex } from '../../../lib/rows/read-rows.ts';

export interface CaseOptions extends MutatorOptions {
  readonly rowCount: number;
  readonly batchRows: number;
  readonly endpoint: OracleEndpoint;
  /** Lines that are put behind the first output file as they are. */
  readonly appended?: readonly Buffer[];
  /** The reader of lines that is tried; default batchor's. */
  readonly wire?: ProviderWire;
}

/** What a case was. */
export interface CasePlayed {
  readonly lines: number;
  readonly done: readonly Done[];
  readonly completed: number;
  readonly failed: number;
  readonly retried: number;
  readonly malformed: number;
  readonly unknown: number;
  readonly duplicate: number;
  readonly batches: number;
  readonly pauses: number;
  /** Which law is broken; null: none. */
  readonly broken: string | null;
}

/** One file of a batch, as it was delivered. */
interface Delivered {
  readonly batchNo: number;
  readonly part: 'output' | 'error';
  readonly lines: readonly OracleLine[];
}

/**
 * Plays one run whose answer files are mutated through the engine and the real wire, in virtual
 * time, and reads its results.
 */
export const playCase = async (options: CaseOptions): Promise<CasePlayed> => {
  const { seed, rowCount, endpoint } = options;
  const dice = diceOf(seed);
  const mutator = createMutator(options);
  const delivered = new Map<string, Delivered>();
  const wire = options.wire ?? createOpenAIWire({ model: 'gpt-4.1-mini', endpoint, params: {} });
  let broken: string | null = null;
  const breaks = (law: string): void => {
    broken ??= law;
  };
  const lab = await createEngineLab(
    () => ({
      ...jobOf(
        null,
        itemsOf(rowCount),
        { maxRequests: options.batchRows },
        { retryPolicy: { maxAttempts: 3 } },
      ),
      providerConfig: fakeConnection(createFakeProvider({ nowMs: () => 0 }))({
        model: 'gpt-4.1-mini',
        endpoint,
      }),
    }),
    { seed, faults: rowFaults(dice) },
    ({ provider, run }) => {
      const fileOf = async (fileId: string | null): Promise<Buffer> => {
        if (fileId === null) return Buffer.alloc(0);
        const { chunks } = await right(provider.download(fileId));
        const parts: Uint8Array[] = [];
        for await (const chunk of chunks) parts.push(chunk.slice());
        return Buffer.concat(parts);
      };
      const deliver = async (fileId: string): Promise<Buffer> => {
        const batch = run.snapshot.live.find(
          ({ ending }) => ending?.outputFileId === fileId || ending?.errorFileId === fileId,
        );
        if (!batch?.ending) throw new Error(`no batch names ${fileId}`);
        const part = batch.ending.outputFileId === fileId ? 'output' : 'error';
        const { outputFileId, errorFileId } = batch.ending;
        const sibling = await fileOf(part === 'output' ? errorFileId : outputFileId);
        const isFirst = part === 'output' && batch.batchNo === 1;
        const mutated = Buffer.concat([
          mutator.mutate(`${batch.batchNo}:${part}`, await fileOf(fileId), sibling),
          ...(isFirst ? (options.appended ?? []) : []),
        ]);
        const lines = readFileAsOracle(mutated, endpoint, rowCount);
        delivered.set(`${batch.batchNo}:${part}`, { batchNo: batch.batchNo, part, lines });
        return mutated;
      };
      return {
        run: reread(storable(run, breaks), dice),
        provider: {
          ...provider,
          ...wire,
          download: (fileId) => async () => {
            const file = await deliver(fileId);
            return { _tag: 'Right', right: { bytes: file.length, chunks: rechunked(file, dice) } };
          },
        },
      };
    },
  );
  let pauses = 0;
  try {
    for (;;) {
      await lab.until(({ status, control }) => status !== 'running' || control.state === 'paused');
      if (lab.engine.snapshot.status !== 'running') break;
      // A line about the account pauses a run; the operator has paid.
      pauses += 1;
      if (pauses > 200)
        throw new Error(`paused again and again: ${lab.engine.snapshot.control.reason}`);
      // The same files come at every reading: what can be read of them is all there is.
      const unreadable = lab.engine.snapshot.live.filter(({ held }) => held !== null);
      for (const { batchKey } of unreadable)
        await lab.engine.tell({
          type: 'ResolveBatch',
          atMs: lab.scheduler.now(),
          batchKey,
          resolution: { type: 'results_lost' },
        });
      await lab.engine.tell({ type: 'ResumeRun', atMs: lab.scheduler.now() });
    }
  } catch (error) {
    breaks(`settlement throws: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (lab.failure() !== null)
    breaks(
      `the engine gives up: ${JSON.stringify(lab.failure(), Object.getOwnPropertyNames(lab.failure()))}`,
    );
  const { totals, defects, batchCount } = lab.engine.snapshot;
  const files = [...delivered.values()];
  if (broken === null)
    broken = faultOfSettlement(options, files, lab.commits.flat(), lab.engine.snapshot);
  if (broken === null)
    broken = await faultOfResults(options, files, placesOf(lab.commits.flat()), lab.run, wire);
  lab.stop();
  return {
    lines: files.reduce((sum, file) => sum + file.lines.length, 0),
    done: mutator.done,
    completed: totals.completed,
    failed: totals.failed_permanent,
    retried: lab.commits
      .flat()
      .reduce(
        (sum, event) => sum + (event.type === 'ItemsSettled' ? event.retried.indexes.length : 0),
        0,
      ),
    ...defects,
    batches: batchCount,
    pauses,
    broken,
  };
};

/** Some rows fail by themselves, so that there are error files. */
const rowFaults = (dice: Dice): readonly Fault[] => [
  { type: 'rows_fail', ratio: dice.next() * 0.2, statusCode: dice.oneOf([400, 429, 500]) },
  { type: 'rows_timed_out', ratio: dice.next() * 0.1 },
  { type: 'rows_truncated', ratio: dice.next() * 0.05 },
  { type: dice.oneOf(answerFormFaults), ratio: dice.next() * 0.3 },
  {
    type: 'rows_end_with',
    ratio: dice.next() * 0.05,
    reason: dice.oneOf(['model_length', 'content_filter', 'error', 'pause_turn', 'tea_break']),
  },
];

/**
 * Every commit is written and read as a store would: what cannot be stored stops a run for good.
 */
const storable = (run: OwnedRun, breaks: (law: string) => void): OwnedRun => {
  const commit: OwnedRun['commit'] = (version, events, guard) => {
    const { header, columns } = encodeEvents(events);
    const read = decodeEvents(JSON.parse(JSON.stringify(header)), columns);
    if (read._tag === 'Left') breaks(`a commit cannot be stored: ${read.left}`);
    return run.commit(version, events, guard);
  };
  return new Proxy(run, {
    get: (target, key) =>
      key === 'commit' ? commit : (Reflect.get(target, key, target) as unknown),
  });
};

type Answered = {
  readonly batchNo: number;
  readonly part: 'output' | 'error';
  readonly line: OracleLine;
};

/** By row: the line that must have answered it, the first in (batch, output, error, offset). */
const answersOf = (files: readonly Delivered[]): ReadonlyMap<number, Answered> => {
  const answers = new Map<number, Answered>();
  const inOrder = files.toSorted(
    (a, b) => a.batchNo - b.batchNo || (a.part === b.part ? 0 : a.part === 'output' ? -1 : 1),
  );
  for (const { batchNo, part, lines } of inOrder) {
    for (const line of lines) {
      const { reading } = line;
      if (reading.type === 'answered' && !answers.has(reading.row))
        answers.set(reading.row, { batchNo, part, line });
    }
  }
  return answers;
};

const faultOfSettlement = (
  { rowCount }: CaseOptions,
  files: readonly Delivered[],
  events: readonly Event[],
  { totals, defects, status }: OwnedRun['snapshot'],
): string | null => {
  if (status === 'running' || totals.completed + totals.failed_permanent !== rowCount)
    return `${totals.completed} completed and ${totals.failed_permanent} failed of ${rowCount} rows`;
  // A line counts for its row only in a batch that the row was sent with.
  const sent = new Map<number, Set<number>>();
  for (const event of events)
    if (event.type === 'BatchPlanned') sent.set(event.batchNo, new Set(indexesOf(event.indexes)));
  const own = files.map((file) => ({
    ...file,
    lines: file.lines.filter(
      ({ reading }) =>
        reading.type !== 'answered' || sent.get(file.batchNo)?.has(reading.row) === true,
    ),
  }));
  const expected = answersOf(own);
  const seen = new Set<number>();
  for (const event of events) {
    if (event.type !== 'ItemsCompleted') continue;
    for (let i = 0; i < event.lines.indexes.length; i += 1) {
      const row = event.lines.indexes[i] as number;
      const answer = expected.get(row);
      const span = `${event.object} ${event.lines.offsets[i]}+${event.lines.lengths[i]}`;
      if (seen.has(row)) return `row ${row} completes twice`;
      seen.add(row);
      if (answer === undefined) return `row ${row} completes by ${span}, and no line answers it`;
      if (
        answer.batchNo !== event.batchNo ||
        answer.line.offset !== event.lines.offsets[i] ||
        answer.line.length !== event.lines.lengths[i]
      )
        return `row ${row} completes by ${span} of batch ${event.batchNo}, and ${answer.part} ${answer.line.offset}+${answer.line.length} of batch ${answer.batchNo} answers it`;
    }
  }
  for (const row of expected.keys())
    if (!seen.has(row)) return `row ${row} has an answer and does not complete`;
  const count = (type: OracleLine['reading']['type']): number =>
    files.reduce(
      (sum, file) => sum + file.lines.filter((line) => line.reading.type === type).length,
      0,
    );
  const counted = [defects.malformed, defects.unknown, defects.duplicate];
  const there = [count('malformed'), count('unknown'), count('answered') - seen.size];
  return counted.join() === there.join()
    ? null
    : `malformed, unknown, duplicate lines: ${counted.join()} counted, ${there.join()} there`;
};

const faultOfResults = async (
  { rowCount }: CaseOptions,
  files: readonly Delivered[],
  keyByObject: ReadonlyMap<string, string>,
  run: OwnedRun,
  wire: ProviderWire,
): Promise<string | null> => {
  const answers = answersIn(files);
  let row = 0;
  for (let next: number | null = 0; next !== null;) {
    const page: Awaited<ReturnType<ReturnType<typeof resultsByIndex>>> = await resultsByIndex(
      run,
      next,
      1_000,
    )();
    if (page._tag === 'Left') return 'results cannot be listed';
    let parts;
    try {
      parts = await right(readParts(run.artifacts, wire, page.right.results));
    } catch (error) {
      return `results throw: ${String(error)}`;
    }
    for (const part of parts) {
      const { ref } = part;
      if (ref.index !== row) return `the result of row ${ref.index} is at row ${row}`;
      try {
        const result = toResult(part);
        if (toWireLine(part) !== JSON.stringify(toWire(result)))
          return `row ${row} is written in two ways`;
        if (result.status === 'completed') {
          const answer = answers.get(
            `${keyByObject.get(ref.line?.object ?? '') ?? ''}:${row}:${ref.line?.offset}+${ref.line?.length}`,
          );
          const isSame =
            answer?.text === result.outputText &&
            JSON.stringify(answer.output) === JSON.stringify(result.output);
          if (!isSame)
            return `row ${row} got ${JSON.stringify(result.output).slice(0, 200)}, its line says ${JSON.stringify(answer)?.slice(0, 200)}`;
        }
      } catch (error) {
        return `the result of row ${row} throws: ${String(error)}`;
      }
      row += 1;
    }
    next = page.right.nextIndex;
  }
  return row === rowCount ? null : `${row} results for ${rowCount} rows`;
};

/** The content of every answering line, by row and span. */
const answersIn = (
  files: readonly Delivered[],
): ReadonlyMap<string, Extract<Reading, { readonly type: 'answered' }>> => {
  const answers = new Map<string, Extract<Reading, { readonly type: 'answered' }>>();
  for (const { batchNo, part, lines } of files) {
    for (const { offset, length, reading } of lines)
      if (reading.type === 'answered')
        answers.set(`${batchNo}:${part}:${reading.row}:${offset}+${length}`, reading);
  }
  return answers;
};

/** Which file of which batch an object is. */
const placesOf = (events: readonly Event[]): ReadonlyMap<string, string> => {
  const numbers = new Map(
    events.flatMap((event) =>
      event.type === 'BatchPlanned' ? [[event.batchKey, event.batchNo] as const] : [],
    ),
  );
  return new Map(
    events.flatMap((event) =>
      event.type === 'FilesStored'
        ? (['output', 'error'] as const).flatMap((part) => {
            const file = event[part];
            return file === null
              ? []
              : [[file.object, `${numbers.get(event.batchKey)}:${part}`] as const];
          })
        : [],
    ),
  );
};
