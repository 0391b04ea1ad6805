import { join } from 'node:path';
import { recordFormat } from '../../../lib/core/codec/event-record.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { frameBytes, unframe } from './frame.ts';
import { readBytes } from './journal-file.ts';
import { journalFile, type JournalId } from '../disk/run-folder.ts';

/** A record in a journal, whole or not. */
export interface ScannedRecord {
  readonly offset: number;
  readonly bytes: number;
  /** What is wrong with it; null: it is whole. */
  readonly what: string | null;
  /**
   * The versions before and after its commit. Null for a journal's first record and for a damaged
   * one.
   */
  readonly versions: { readonly before: number; readonly after: number } | null;
  /** Batches that its commit names as created. */
  readonly providerBatchIds: readonly string[];
  /** True for a whole commit of another batchor version: not damaged, but not readable here. */
  readonly isForeign: boolean;
}

/** Every record of a journal, including those behind a damaged one, whether or not they count. */
export interface JournalScan {
  readonly id: JournalId;
  readonly file: string;
  readonly bytes: number;
  readonly records: readonly ScannedRecord[];
  /** Bytes of an incomplete last record. */
  readonly tornBytes: number;
}

export const scanJournal = (folder: string, id: JournalId): JournalScan => {
  const file = journalFile(id);
  const bytes = readBytes(join(folder, file), 0, null);
  const records: ScannedRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    const found = unframe(bytes, at);
    if (found.type === 'torn') break;
    if (found.type === 'frame') {
      const { header, end } = found.frame;
      records.push({ offset: at, bytes: end - at, what: null, ...commitDetails(header) });
      at = end;
      continue;
    }
    const end = behind(bytes, at);
    records.push({
      offset: at,
      bytes: end - at,
      what: found.what,
      versions: null,
      providerBatchIds: [],
      isForeign: false,
    });
    at = end;
  }
  return { id, file, bytes: bytes.length, records, tornBytes: bytes.length - at };
};

/**
 * The byte offset of the record behind a damaged one: from its stated length if that is plausible,
 * else the next bytes that look like a record.
 */
const behind = (bytes: Uint8Array, at: number): number => {
  const length = frameBytes(bytes, at);
  if (length !== null) return at + length;
  for (let next = at + 8; next < bytes.length; next += 8)
    if (frameBytes(bytes, next) !== null) return next;
  return bytes.length;
};

const commitDetails = ({
  version,
  events,
  format,
  link,
}: JsonObject): Pick<ScannedRecord, 'versions' | 'providerBatchIds' | 'isForeign'> => {
  const isForeign = link === undefined && format !== recordFormat;
  if (typeof version !== 'number' || !Array.isArray(events))
    return { versions: null, providerBatchIds: [], isForeign };
  return {
    isForeign,
    versions: { before: version, after: version + events.length },
    providerBatchIds: (events as readonly JsonValue[]).flatMap((event) =>
      isJsonObject(event) && event['type'] === 'BatchCreated'
        ? [String(event['providerBatchId'])]
        : [],
    ),
  };
};
