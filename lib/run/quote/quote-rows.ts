import { type CustomIds, customIdsOf } from '../../core/values/custom-ids.ts';
import { addIdHash, noIdHashes, rowsLike } from '../../core/source/id-hashes.ts';
import type { SourceEntry } from '../../ports/source.ts';
import type { EngineSource } from '../../effects/ports.ts';
import { createRowRenderer, originOf, type RenderedRow, type RenderPorts } from '../../effects/source/render.ts';
import { createRequestTable } from '../../effects/source/request-table.ts';
import { withoutName } from '../../effects/source/same-requests.ts';
import { digestOf } from '../job/digest.ts';
import { BatchorError } from '../api/errors.ts';

/** Messages of bad rows that are kept; the others are counted. */
export const badRowMessagesMax = 5;

/** A row, and whether an earlier one is sent for it. */
export interface QuotedRow extends RenderedRow {
  readonly isShared: boolean;
}

/**
 * The rows of a source as a run would accept them, rendered, page by page, bad ones recorded; ids that come again are bad rows. Memory: 24 bytes
 * a row, for its id's hash, and 28 to 57 for its request's, where duplicates are sent once. Throws `source_unreadable` where the source throws.
 */
export async function* renderedRows(ports: RenderPorts, source: EngineSource, signal: AbortSignal): AsyncGenerator<readonly QuotedRow[]> {
  const renderer = createRowRenderer(ports, source);
  const ids = noIdHashes();
  const { config } = ports.run.snapshot;
  const isFirst = config.operation.sendsDuplicatesOnce ? firstOfRequests(customIdsOf(config)) : () => true;
  let index = 0;
  for await (const entries of pagesOf(source, signal)) {
    const page: QuotedRow[] = [];
    for (const entry of entries) {
      const rendered = renderer.render(entry, index, index);
      let row = rendered instanceof Promise ? await rendered : rendered;
      // 64 bits: of a million ids two different ones are alike once in thirty million inputs.
      while (rowsLike(ids, row.itemId).length > 0) row = renderer.renderTaken(originOf(entry, index), row.itemId, row.bad);
      addIdHash(ids, row.itemId, index);
      page.push({ ...row, isShared: row.bad === null && !isFirst(row.line, index) });
      index += 1;
    }
    yield page;
  }
}

/** Says of one row after the other whether none before it has asked the same. */
export const firstOfRequests = (customIds: CustomIds): ((line: string, index: number) => boolean) => {
  const table = createRequestTable();
  return (line, index) => {
    const asked = withoutName(line, customIds, index);
    if (asked === null) return true;
    const digest = digestOf(asked);
    if (table.find(digest) >= 0) return false;
    table.add(digest, index);
    return true;
  };
};

async function* pagesOf({ items }: EngineSource, signal: AbortSignal): AsyncGenerator<readonly SourceEntry[]> {
  try {
    for await (const pulled of items.read(null, { signal })) {
      signal.throwIfAborted();
      yield isPage(pulled) ? pulled : [pulled];
    }
  } catch (cause) {
    signal.throwIfAborted();
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new BatchorError('source_unreadable', { ref: items.ref, line: null, field: null }, message, 'Give a readable source.', { cause });
  }
}

const isPage = (pulled: SourceEntry | readonly SourceEntry[]): pulled is readonly SourceEntry[] => Array.isArray(pulled);
