import { type CustomIds, customIdsOf } from '../../core/values/custom-ids.ts';
import { addIdHash, noIdHashes, rowsLike } from '../../core/source/id-hashes.ts';
import type { SourceEntry } from '../../ports/source.ts';
import type { EngineSource } from '../../effects/ports.ts';
import {
  createRowRenderer,
  originOf,
  type RenderedRow,
  type RenderPorts,
} from '../../effects/source/render.ts';
import { withoutName, createRequestTable } from '../../effects/source/same-requests.ts';
import { digestOf } from '../job/digest.ts';
import { unreadable } from '../job/job-source.ts';

/** Maximum number of bad-row messages; further bad rows are only counted. */
export const badRowMessagesMax = 5;

/** A row, and whether it shares the request of an earlier one. */
export interface QuotedRow extends RenderedRow {
  readonly isShared: boolean;
}

/**
 * Renders the rows of a source page by page, as a run would accept them. Bad rows and repeated ids
 * are recorded. Memory per row: 24 bytes for the hash of its id, and 28 to 57 for that of its
 * request if duplicates are sent once. Throws `source_unreadable`.
 */
export async function* renderedRows(
  ports: RenderPorts,
  source: EngineSource,
  signal: AbortSignal,
): AsyncGenerator<readonly QuotedRow[]> {
  const renderer = createRowRenderer(ports, source);
  const ids = noIdHashes();
  const { config } = ports.run.snapshot;
  const isFirst = config.operation.sendsDuplicatesOnce
    ? firstOfRequests(customIdsOf(config))
    : () => true;
  let index = 0;
  for await (const entries of pagesOf(source, signal)) {
    const page: QuotedRow[] = [];
    for (const entry of entries) {
      const rendered = renderer.render(entry, index, index);
      let row = rendered instanceof Promise ? await rendered : rendered;
      // 64 bits: a collision among a million ids occurs once in thirty million inputs.
      while (rowsLike(ids, row.itemId).length > 0)
        row = renderer.renderTaken(originOf(entry, index), row.itemId, row.bad);
      addIdHash(ids, row.itemId, index);
      page.push({ ...row, isShared: row.bad === null && !isFirst(row.line, index) });
      index += 1;
    }
    yield page;
  }
}

/** Call for each row in order. True if no earlier row has the same request. */
export const firstOfRequests = (
  customIds: CustomIds,
): ((line: string, index: number) => boolean) => {
  const table = createRequestTable();
  return (line, index) => {
    const request = withoutName(line, customIds, index);
    if (request === null) return true;
    const digest = digestOf(request);
    if (table.find(digest) >= 0) return false;
    table.add(digest, index);
    return true;
  };
};

async function* pagesOf(
  { items }: EngineSource,
  signal: AbortSignal,
): AsyncGenerator<readonly SourceEntry[]> {
  try {
    for await (const pulled of items.read(null, { signal })) {
      signal.throwIfAborted();
      yield isPage(pulled) ? pulled : [pulled];
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw unreadable(items.ref, cause);
  }
}

const isPage = (pulled: SourceEntry | readonly SourceEntry[]): pulled is readonly SourceEntry[] =>
  Array.isArray(pulled);
