import type { BatchRecord } from '../core/batch-record.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { ProviderWire } from '../ports/provider.ts';
import { messageOf } from '../streams/faults.ts';
import { readLineBlocks } from '../streams/line-reader.ts';
import type { InspectedLine } from './inspection.ts';

/** What a batch's raw files say of one row, and which of them cannot be read. */
export interface LinesAbout {
  readonly lines: readonly Omit<InspectedLine, 'isAnswer'>[];
  readonly faults: readonly string[];
}

/** Reads the batch's raw files once, line by line; whatever speaks of the row is an answer, a duplicate, or a wreck with its name on it. */
export const linesAbout = async (
  artifacts: ArtifactStore,
  wire: Pick<ProviderWire, 'readVerdict'>,
  { files }: BatchRecord,
  customId: string,
): Promise<LinesAbout> => {
  const lines: Omit<InspectedLine, 'isAnswer'>[] = [];
  const faults: string[] = [];
  const name = JSON.stringify(customId);
  for (const part of ['output', 'error'] as const) {
    const object = files?.[part]?.object;
    if (object === undefined) continue;
    const chunks = await artifacts.read(object)();
    if (chunks._tag === 'Left') {
      faults.push(`${part} file: ${messageOf(chunks.left)}`);
      continue;
    }
    try {
      for await (const block of readLineBlocks(chunks.right)) {
        for (const { offset, length, text } of block) {
          // Nearly every line is of another row: looking for the name is cheaper than reading the line.
          if (text === null || !text.includes(name)) continue;
          const verdict = wire.readVerdict(text);
          if (verdict.type !== 'malformed' && verdict.customId !== customId) continue;
          lines.push({ part, object, offset, length, verdict: verdict.type === 'failed' ? verdict.failureClass : verdict.type });
        }
      }
    } catch (cause) {
      faults.push(`${part} file: object ${object} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
  return { lines, faults };
};
