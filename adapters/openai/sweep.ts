import type { SweptBatch } from '../../lib/core/command.ts';
import type { BatchKey } from '../../lib/core/ids.ts';
import type { Port } from '../../lib/ports/port-error.ts';
import { ask } from './ask.ts';
import { batchPages } from './batch-list.ts';
import type { BatchReport } from './batch-object.ts';
import { attemptKey, batchKeyKey } from './create.ts';
import type { OpenSession } from './session.ts';

/** How far the provider's clock may lag behind ours. */
const clockSkewMs = 10 * 60_000;

/** Batches under one of these keys, read from the list back to `sinceMs` and a margin. */
export const sweep = (open: OpenSession, batchKeys: readonly BatchKey[], sinceMs: number): Port<readonly SweptBatch[]> =>
  ask(open, { what: 'list the batches', isPaid: false, isAboutOne: false }, async (session) => {
    const wanted = new Set<unknown>(batchKeys);
    const found = new Map<string, SweptBatch>();
    for await (const page of batchPages(session)) {
      for (const report of page) if (wanted.has(report.metadata[batchKeyKey])) found.set(report.id, sweptBatch(report));
      if (isBehind(page, sinceMs - clockSkewMs)) break;
    }
    return [...found.values()];
  });

const sweptBatch = (report: BatchReport): SweptBatch => ({
  batchKey: report.metadata[batchKeyKey] as BatchKey,
  createAttempt: Number.parseInt(String(report.metadata[attemptKey]), 10) || 0,
  providerBatchId: report.id,
  providerStatus: report.status,
  isAlive: report.ending === null,
});

/** True when this page and all behind it are older; only a page that runs from new to old can say so, since no order is promised. */
const isBehind = (page: readonly BatchReport[], cutoffMs: number): boolean => {
  const first = page.at(0)?.createdAtMs ?? null;
  const last = page.at(-1)?.createdAtMs ?? null;
  if (first === null || last === null || first <= last) return false;
  return page.every(({ createdAtMs }) => createdAtMs !== null && createdAtMs < cutoffMs);
};
