import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Command } from '../../core/model/command.ts';
import type { Effect } from '../../core/model/effect.ts';
import { codeOfFailure, type FailureClass } from '../../core/values/failure.ts';
import type { CustomIds } from '../../core/values/custom-ids.ts';
import type { BatchKey } from '../../core/values/ids.ts';
import { stoppedBeforeLimit } from '../../core/settle/output-bound.ts';
import { PayloadError } from '../../ports/payload-error.ts';
import type { PortError } from '../../ports/port-error.ts';
import type { LineVerdict } from '../../ports/provider.ts';
import { type AnswerTexts, readTexts, textsIn } from '../../schema/read-texts.ts';
import type { OutputReading } from '../../schema/structure.ts';
import type { IdsOfBatches } from './adopted-ids.ts';
import { payloadRefusal } from '../faults.ts';
import { readLineBlocks } from './line-reader.ts';
import type { LinesKept } from './line-columns.ts';
import type { AnswerReading, Asked, EnginePorts, Perform } from '../ports.ts';
import {
  addTo,
  createSliceReading,
  endBefore,
  type FilePart,
  type Note,
  readColumns,
  type SliceReading,
  takeRow,
} from './slice-reading.ts';
import { openMask, openRows } from '../../rows/read-slices.ts';

type SettleEffect = Extract<Effect, { readonly type: 'SettleSlice' }>;

/** A line of a known row whose outcome is still to be taken: a failure, or an answer. */
interface Waiting {
  /**
   * What it is unless one of its texts satisfies the schema; null: an answer, or what the schema
   * says is wrong with it.
   */
  readonly failureClass: FailureClass | null;
  /** Null: no text is to be read. */
  readonly texts: AnswerTexts | null;
  readonly take: (failureClass: FailureClass | null) => void;
}

/** What is kept of files from one reading to the next. */
interface FileReading {
  readonly kept: LinesKept;
  readonly ids: IdsOfBatches;
}

/**
 * Reads a batch's raw files slice by slice; the failures it meets on the way are kept for the last
 * slices of the batch.
 */
export const performSettle = (
  ports: EnginePorts,
  kept: LinesKept,
  ids: IdsOfBatches,
): Perform<SettleEffect> => {
  const files = { kept, ids };
  const notebook = createNotebook();
  return (effect) => {
    const { part, offset } = effect.position;
    return part === 'rest'
      ? settleRest(ports, files, notebook, effect, offset)
      : settleFileSlice(ports, files, notebook, effect, part, offset);
  };
};

const settleFileSlice = (
  ports: EnginePorts,
  files: FileReading,
  notebook: Notebook,
  effect: SettleEffect,
  part: FilePart,
  fromOffset: number,
): TE.TaskEither<PortError, Asked> => {
  const { run, scheduler } = ports;
  return pipe(
    readSlice(ports, files, effect.batchKey, part, fromOffset, effect.rowsMax),
    TE.map((reading): Asked => {
      notebook.add(effect.batchKey, partsOf(ports, effect.batchKey), part, fromOffset, reading);
      return pipe(
        openMask(run, effect.batchNo, reading.indexes),
        TE.map((open): Command => ({
          type: 'SettleSlice',
          atMs: scheduler.now(),
          batchKey: effect.batchKey,
          part,
          fromOffset,
          toOffset: reading.toOffset,
          isEndOfFile: reading.isEndOfFile,
          lines: {
            indexes: Uint32Array.from(reading.indexes),
            offsets: Float64Array.from(reading.offsets),
            lengths: Uint32Array.from(reading.lengths),
          },
          open,
          usage: reading.usage,
          malformedCount: reading.malformedCount,
          unknownCount: reading.unknownCount,
        })),
      );
    }),
  );
};

const settleRest = (
  ports: EnginePorts,
  files: FileReading,
  notebook: Notebook,
  effect: SettleEffect,
  fromIndex: number,
): TE.TaskEither<PortError, Asked> => {
  const { run, scheduler } = ports;
  const asked = (notes: ReadonlyMap<number, Note>): Asked =>
    pipe(
      openRows(run, effect.batchNo, fromIndex, effect.rowsMax),
      TE.map((rows): Command => {
        const found = Array.from(rows.indexes, (index) => notes.get(index));
        if (rows.isLast) {
          notebook.forget(effect.batchKey);
          files.ids.forget(effect.batchNo);
        }
        return {
          type: 'SettleRest',
          atMs: scheduler.now(),
          batchKey: effect.batchKey,
          fromIndex,
          rows,
          codes: found.map((note) => note?.code ?? -1),
          parts: found.map((note) => note?.part ?? 0),
          offsets: found.map((note) => note?.offset ?? 0),
          lengths: found.map((note) => note?.length ?? 0),
          outputTokens: found.map((note) => note?.outputTokens ?? -1),
        };
      }),
    );
  const known = notebook.complete(effect.batchKey, partsOf(ports, effect.batchKey));
  // A process that did not read the files from their start reads them again: only for the failures,
  // nothing is settled twice.
  return known !== null
    ? TE.right(asked(known))
    : pipe(rereadNotes(ports, files, notebook, effect), TE.map(asked));
};

const filesOf = (
  { run }: EnginePorts,
  batchKey: BatchKey,
): readonly { readonly part: FilePart; readonly object: string; readonly bytes: number }[] => {
  const files = run.snapshot.live.find((batch) => batch.batchKey === batchKey)?.files;
  return (['output', 'error'] as const).flatMap((part) =>
    files?.[part] ? [{ part, ...files[part] }] : [],
  );
};

const partsOf = (ports: EnginePorts, batchKey: BatchKey): readonly FilePart[] =>
  filesOf(ports, batchKey).map((file) => file.part);

const rereadNotes =
  (
    ports: EnginePorts,
    files: FileReading,
    notebook: Notebook,
    effect: SettleEffect,
  ): TE.TaskEither<PortError, ReadonlyMap<number, Note>> =>
  async () => {
    for (const { part, bytes } of filesOf(ports, effect.batchKey)) {
      for (let offset = 0; offset < bytes;) {
        const reading = await readSlice(
          ports,
          files,
          effect.batchKey,
          part,
          offset,
          effect.rowsMax,
        )();
        if (reading._tag === 'Left') return reading;
        notebook.add(effect.batchKey, partsOf(ports, effect.batchKey), part, offset, reading.right);
        offset = reading.right.toOffset;
      }
    }
    return {
      _tag: 'Right',
      right:
        notebook.complete(effect.batchKey, partsOf(ports, effect.batchKey)) ??
        new Map<number, Note>(),
    };
  };

const readSlice =
  (
    ports: EnginePorts,
    files: FileReading,
    batchKey: BatchKey,
    part: FilePart,
    fromOffset: number,
    rowsMax: number,
  ): TE.TaskEither<PortError, SliceReading> =>
  async () => {
    const file = filesOf(ports, batchKey).find((candidate) => candidate.part === part);
    if (file === undefined)
      return {
        _tag: 'Left',
        left: {
          type: 'corrupt',
          message: `batch ${batchKey} has no ${part} file to settle from`,
          where: batchKey,
        },
      };
    const { ingest, live } = ports.run.snapshot;
    const reading = createSliceReading(part, file.bytes);
    const { kept, ids } = files;
    const lines = kept.of(file.object);
    if (lines !== null) {
      readColumns(reading, lines, fromOffset, rowsMax, ingest.itemCount);
      if (reading.isEndOfFile) kept.forget(file.object);
      return { _tag: 'Right', right: reading };
    }
    const chunks = await ports.run.artifacts.read(file.object, {
      offset: fromOffset,
      length: file.bytes - fromOffset,
    })();
    if (chunks._tag === 'Left') return { _tag: 'Left', left: payloadRefusal(chunks.left) };
    const customIds = await ids.of(
      live.find((batch) => batch.batchKey === batchKey)?.batchNo ?? 0,
    )();
    if (customIds._tag === 'Left') return { _tag: 'Left', left: payloadRefusal(customIds.left) };
    const rows = { customIds: customIds.right, itemCount: ingest.itemCount };
    let lineCount = 0;
    try {
      for await (const block of readLineBlocks(chunks.right)) {
        const waiting: Waiting[] = [];
        for (const line of block) {
          if (lineCount === rowsMax) {
            endBefore(reading, fromOffset + line.offset);
            break;
          }
          lineCount += 1;
          const known = readLine(
            ports,
            reading,
            { ...line, offset: fromOffset + line.offset },
            rows,
          );
          if (known !== null) waiting.push(known);
        }
        await judge(ports.structure ?? null, waiting);
        if (!reading.isEndOfFile) break;
      }
    } catch (cause) {
      // What was read before it was verified too; none of it counts before the slice does.
      if (cause instanceof PayloadError) return { _tag: 'Left', left: payloadRefusal(cause.error) };
      throw cause;
    }
    return { _tag: 'Right', right: reading };
  };

const readLine = (
  { provider, structure = null }: EnginePorts,
  reading: SliceReading,
  line: { readonly offset: number; readonly length: number; readonly text: string | null },
  { customIds, itemCount }: { readonly customIds: CustomIds; readonly itemCount: number },
): Waiting | null => {
  const verdict =
    line.text === null
      ? ({ type: 'malformed' } as const)
      : provider.readVerdict(line.text, structure === null ? undefined : 'text');
  if (verdict.type === 'malformed') {
    reading.malformedCount += 1;
    return null;
  }
  const index = customIds.indexOf(verdict.customId);
  if (index === null || index >= itemCount) {
    reading.unknownCount += 1;
    return null;
  }
  if (verdict.usage !== null) addTo(reading.usage, verdict.usage);
  const take = (failureClass: FailureClass | null): void =>
    takeRow(
      reading,
      index,
      line,
      failureClass === null ? null : codeOfFailure(failureClass),
      outputTokensOf(verdict),
    );
  if (verdict.type === 'failed')
    return {
      failureClass: verdict.failureClass,
      texts: verdict.texts === undefined ? null : textsIn(verdict),
      take,
    };
  return {
    failureClass: structure !== null && verdict.isCall === true ? 'tool_call' : null,
    texts: textsIn(verdict),
    take,
  };
};

const outputTokensOf = (verdict: Exclude<LineVerdict, { readonly type: 'malformed' }>): number =>
  verdict.type === 'failed' && verdict.stopsBeforeLimit === true
    ? stoppedBeforeLimit
    : (verdict.usage?.outputTokens ?? -1);

/**
 * Takes lines in their order; the answers among them are read together first, where a structure was
 * promised.
 */
const judge = async (
  structure: AnswerReading | null,
  waiting: readonly Waiting[],
): Promise<void> => {
  const answers =
    structure === null ? [] : waiting.flatMap(({ texts }) => (texts === null ? [] : [texts]));
  const readings =
    structure === null ? null : (await readTexts(structure.readAll, answers)).values();
  for (const { failureClass, texts, take } of waiting) {
    const found = texts === null ? undefined : readings?.next().value;
    take(found === undefined ? failureClass : classOf(found.reading, failureClass));
  }
};

const classOf = (reading: OutputReading, otherwise: FailureClass | null): FailureClass | null =>
  reading.type === 'fits' ? null : (otherwise ?? reading.failureClass);

/**
 * Failures by batch, known to be all of them only where the files were read here from the first
 * byte to the last.
 */
interface Notebook {
  add(
    batchKey: BatchKey,
    parts: readonly FilePart[],
    part: FilePart,
    fromOffset: number,
    reading: SliceReading,
  ): void;
  /** Null unless every one of the files was read to its end. */
  complete(batchKey: BatchKey, parts: readonly FilePart[]): ReadonlyMap<number, Note> | null;
  forget(batchKey: BatchKey): void;
}

const createNotebook = (): Notebook => {
  // One batch's notes are at most its rows; batches settle slice by slice, so few are open at once.
  const pages = new Map<BatchKey, { notes: Map<number, Note>; next: string }>();
  return {
    add(batchKey, parts, part, fromOffset, reading) {
      const at = `${part}@${fromOffset}`;
      const page =
        part === parts[0] && fromOffset === 0
          ? { notes: new Map<number, Note>(), next: at }
          : pages.get(batchKey);
      if (page === undefined || page.next !== at) return;
      for (const [index, note] of reading.notes)
        if (!page.notes.has(index)) page.notes.set(index, note);
      const following = parts[parts.indexOf(part) + 1];
      page.next = !reading.isEndOfFile
        ? `${part}@${reading.toOffset}`
        : following === undefined
          ? 'end'
          : `${following}@0`;
      pages.set(batchKey, page);
    },
    complete(batchKey, parts) {
      if (parts.length === 0) return new Map();
      const page = pages.get(batchKey);
      return page?.next === 'end' ? page.notes : null;
    },
    forget(batchKey) {
      pages.delete(batchKey);
    },
  };
};
