import { isLeft } from 'fp-ts/lib/Either.js';
import type { BatchRecord } from '../../core/model/batch-record.ts';
import type { CustomIds } from '../../core/values/custom-ids.ts';
import { compactNameOf } from '../../core/settle/raw-object.ts';
import type { ArtifactStore } from '../../ports/artifacts.ts';
import { PayloadError } from '../../ports/payload-error.ts';
import type { LineContent, ProviderWire } from '../../ports/provider.ts';
import { errorCodeOf } from '../../core/values/error-code.ts';
import { parseCompact } from '../../effects/results/compact-line.ts';
import { openCompact } from '../../effects/results/compact-reader.ts';
import { messageOf } from '../../effects/faults.ts';
import { readLineBlocks } from '../../effects/settle/line-reader.ts';
import type { InspectedLine } from './inspection.ts';

/** The lines of one row in a batch's raw files, and which files cannot be read. */
export interface LinesAbout {
  readonly lines: readonly Omit<InspectedLine, 'isAnswer'>[];
  readonly faults: readonly string[];
  /** False if a file was replaced by its compact object. */
  readonly areRawFilesKept: boolean;
}

/**
 * Reads the batch's raw files once, line by line. Finds the row's answer, duplicates of it, and
 * malformed lines that contain its `custom_id`.
 */
export const linesAbout = async (
  artifacts: ArtifactStore,
  wire: Pick<ProviderWire, 'readContent' | 'readVerdict'>,
  { files }: BatchRecord,
  customIds: CustomIds,
  index: number,
): Promise<LinesAbout> => {
  const lines: Omit<InspectedLine, 'isAnswer'>[] = [];
  const faults: string[] = [];
  let areRawFilesKept = true;
  for (const part of ['output', 'error'] as const) {
    const object = files?.[part]?.object;
    if (object === undefined) continue;
    const chunks = await artifacts.read(object)();
    if (chunks._tag === 'Left') {
      const compact =
        chunks.left.type === 'not_found'
          ? await compactLinesAbout(artifacts, object, customIds, index)
          : null;
      if (compact !== null) {
        areRawFilesKept = false;
        if (typeof compact === 'string') faults.push(`${part} file: ${compact}`);
        else lines.push(...compact.map((line) => ({ part, object, ...line })));
        continue;
      }
      faults.push(`${part} file: ${messageOf(chunks.left)}`);
      continue;
    }
    try {
      for await (const block of readLineBlocks(chunks.right)) {
        for (const { offset, length, text } of block) {
          // Most lines belong to other rows. Searching for the id is cheaper than parsing the line.
          if (text === null || !customIds.isNamedIn(text, index)) continue;
          const verdict = wire.readVerdict(text);
          if (verdict.type !== 'malformed' && customIds.indexOf(verdict.customId) !== index)
            continue;
          const content = verdict.type === 'succeeded' ? null : wire.readContent(text);
          lines.push({
            part,
            object,
            offset,
            length,
            verdict: verdict.type === 'failed' ? verdict.failureClass : verdict.type,
            error: errorOf(content),
          });
        }
      }
    } catch (cause) {
      faults.push(
        `${part} file: object ${object} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
    }
  }
  return { lines, faults, areRawFilesKept };
};

/**
 * The row's lines in the compact object, in file order. A text: why it cannot be read. Null: there
 * is none.
 */
const compactLinesAbout = async (
  artifacts: ArtifactStore,
  object: string,
  customIds: CustomIds,
  index: number,
): Promise<
  readonly Pick<InspectedLine, 'offset' | 'length' | 'verdict' | 'error'>[] | string | null
> => {
  const opened = await openCompact(artifacts, object)();
  if (isLeft(opened)) return opened.left.type === 'not_found' ? null : messageOf(opened.left);
  const { count, rawSpan, span } = opened.right;
  if (count === 0) return [];
  const last = span(count - 1);
  const chunks = await artifacts.read(compactNameOf(object), {
    offset: 0,
    length: last.offset + last.length,
  })();
  if (isLeft(chunks)) return messageOf(chunks.left);
  const found: Pick<InspectedLine, 'offset' | 'length' | 'verdict' | 'error'>[] = [];
  let lineIndex = 0;
  try {
    for await (const block of readLineBlocks(chunks.right)) {
      for (const { text } of block) {
        const line = text === null ? null : parseCompact(text);
        if (line !== null && customIds.indexOf(line.customId) === index)
          found.push({
            ...rawSpan(lineIndex),
            verdict: line.verdict,
            error: errorOf(line.content),
          });
        lineIndex += 1;
      }
    }
  } catch (cause) {
    if (cause instanceof PayloadError) return cause.message;
    throw cause;
  }
  return found;
};

const errorOf = (content: LineContent | null): InspectedLine['error'] => {
  const error = content?.error ?? null;
  return error === null
    ? null
    : { errorCode: errorCodeOf(error.raw), message: error.message, rawError: error.raw };
};
