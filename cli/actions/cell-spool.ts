import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cell } from '../../lib/ports/table.ts';
import { removeOrphanedSpools, temporaryFolder } from '../job/spool.ts';

/** A result for one row of a file: the id of its item, and its cells; null: not wanted. */
export interface SpooledResult {
  readonly id: string | null;
  readonly cells: readonly Cell[] | null;
}

/**
 * Results by the number of the row that they belong to, whatever order they come in. They lie in a
 * temporary file that only this user can read, in parts of neighbouring rows: at most 256 parts, of
 * at least 4,096 rows. Memory: 16 MB while results are added, one part while they are taken.
 */
export interface CellSpool {
  add(rowIndex: number, result: SpooledResult): void;
  /** Writes what has gathered; to be awaited after each page. */
  settle(): Promise<void>;
  /** The results of a row. Rows come in ascending order; a part is loaded where it begins. */
  take(rowIndex: number): readonly SpooledResult[] | Promise<readonly SpooledResult[]>;
  /** Results that were added, and that no row took. */
  readonly left: number;
  /** Removes the file. */
  close(): Promise<void>;
}

const partsMax = 256;
const partRowsMin = 4_096;
/** A part is written in blocks of at least so many characters. */
const blockLength = 64 * 1024;

interface Part {
  lines: string[];
  length: number;
  readonly blocks: { readonly offset: number; readonly bytes: number }[];
}

export const createCellSpool = async (rowCount: number): Promise<CellSpool> => {
  await removeOrphanedSpools();
  const folder = await temporaryFolder('join');
  const file = await open(join(folder.path, 'cells.jsonl'), 'wx+', 0o600);
  const partRows = Math.max(partRowsMin, Math.ceil(rowCount / partsMax));
  const parts: (Part | undefined)[] = [];
  const full = new Set<Part>();
  let [end, added, taken] = [0, 0, 0];
  let loaded: { readonly partIndex: number; readonly rows: PartRows } | null = null;

  const write = async (part: Part): Promise<void> => {
    const bytes = Buffer.from(part.lines.join(''), 'utf8');
    [part.lines, part.length] = [[], 0];
    await writeFully(file, bytes, end);
    part.blocks.push({ offset: end, bytes: bytes.length });
    end += bytes.length;
  };
  const load = async (partIndex: number): Promise<PartRows> => {
    const rows: PartRows = new Map();
    const part = parts[partIndex];
    for (const { offset, bytes } of part?.blocks ?? [])
      fill(rows, (await readFully(file, offset, bytes)).toString('utf8').split('\n'));
    fill(rows, part?.lines.map((line) => line.slice(0, -1)) ?? []);
    parts[partIndex] = undefined;
    loaded = { partIndex, rows };
    return rows;
  };
  const from = (rows: PartRows, rowIndex: number): readonly SpooledResult[] => {
    const found = rows.get(rowIndex) ?? none;
    taken += found.length;
    return found;
  };
  return {
    add: (rowIndex, { id, cells }) => {
      const part = (parts[Math.floor(rowIndex / partRows)] ??= {
        lines: [],
        length: 0,
        blocks: [],
      });
      const line = `${JSON.stringify([rowIndex, id, cells])}\n`;
      part.lines.push(line);
      part.length += line.length;
      added += 1;
      if (part.length >= blockLength) full.add(part);
    },
    settle: async () => {
      for (const part of full) await write(part);
      full.clear();
    },
    take: (rowIndex) => {
      const partIndex = Math.floor(rowIndex / partRows);
      if (loaded?.partIndex === partIndex) return from(loaded.rows, rowIndex);
      return load(partIndex).then((rows) => from(rows, rowIndex));
    },
    get left() {
      return added - taken;
    },
    close: async () => {
      await file.close();
      folder.remove();
    },
  };
};

type PartRows = Map<number, SpooledResult[]>;
const none: readonly SpooledResult[] = [];

const fill = (rows: PartRows, lines: readonly string[]): void => {
  for (const line of lines) {
    if (line === '') continue;
    const [rowIndex, id, cells] = JSON.parse(line) as [
      number,
      SpooledResult['id'],
      SpooledResult['cells'],
    ];
    const same = rows.get(rowIndex);
    if (same === undefined) rows.set(rowIndex, [{ id, cells }]);
    else same.push({ id, cells });
  }
};

const writeFully = async (file: FileHandle, bytes: Buffer, offset: number): Promise<void> => {
  for (let at = 0; at < bytes.length;)
    at += (await file.write(bytes, at, bytes.length - at, offset + at)).bytesWritten;
};

const readFully = async (file: FileHandle, offset: number, count: number): Promise<Buffer> => {
  const bytes = Buffer.alloc(count);
  for (let at = 0; at < count;) {
    const { bytesRead } = await file.read(bytes, at, count - at, offset + at);
    if (bytesRead === 0) throw new Error('the temporary file of joined cells was cut off');
    at += bytesRead;
  }
  return bytes;
};
