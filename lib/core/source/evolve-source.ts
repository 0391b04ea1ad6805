import { clearFault, move, sum } from '../model/changes.ts';
import type { AcceptedSlice } from '../model/command.ts';
import { ingestKey, sharedKey } from '../model/effect.ts';
import type { EventOf } from '../model/event.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { sharedIn, sharingAfter } from './share.ts';

export type SourceEvent = EventOf<
  'ItemsAccepted' | 'IngestionCompleted' | 'SharedCompleted' | 'SharedFailed'
>;

/** Rows come in, and rows that share a request end with it. */
export const evolveSource = (s: RunSnapshot, event: SourceEvent): RunSnapshot => {
  switch (event.type) {
    case 'ItemsAccepted':
      return itemsAccepted(s, event);
    case 'IngestionCompleted':
      return {
        ...clearFault(s, ingestKey),
        ingest: { ...s.ingest, isComplete: true, checkpoint: event.checkpoint },
      };
    case 'SharedCompleted':
    case 'SharedFailed':
      return sharedEnded(s, event);
  }
};

const itemsAccepted = (
  s: RunSnapshot,
  { slice, checkpoint, atMs }: EventOf<'ItemsAccepted'>,
): RunSnapshot => {
  const count = slice.itemIds.length;
  const badCount = slice.badOffsets.length;
  const wasEmpty = s.totals.pending === 0;
  const sharedCount = sharedIn(slice);
  return {
    ...clearFault(s, ingestKey),
    ingest: {
      ...s.ingest,
      checkpoint,
      itemCount: s.ingest.itemCount + count,
      badRowCount: s.ingest.badRowCount + badCount,
    },
    totals: {
      ...s.totals,
      pending: s.totals.pending + count - badCount - sharedCount,
      failed_permanent: s.totals.failed_permanent + badCount,
      shared: s.totals.shared + sharedCount,
    },
    sharing: sharingAfter(s, slice, sharedCount),
    resultSequence: s.resultSequence + badCount,
    backlog: {
      ...s.backlog,
      bytes: s.backlog.bytes + sum(slice.requestLengths),
      tokens: s.backlog.tokens + (slice.tokens === null ? 0 : sum(slice.tokens)),
      sinceMs: wasEmpty ? atMs : s.backlog.sinceMs,
      counting: countingAfter(s.backlog.counting, slice),
    },
  };
};

const countingAfter = (
  known: RunSnapshot['backlog']['counting'],
  { tokens, areTokensExact }: AcceptedSlice,
): typeof known => {
  if (tokens === null) return known;
  const now = areTokensExact ? 'exact' : 'estimated';
  return known === null || known === now ? now : 'mixed';
};

const sharedEnded = (
  s: RunSnapshot,
  event: EventOf<'SharedCompleted'> | EventOf<'SharedFailed'>,
): RunSnapshot => {
  const count = event.indexes.length;
  return {
    ...clearFault(s, sharedKey),
    totals: move(
      s.totals,
      'shared',
      event.type === 'SharedCompleted' ? 'completed' : 'failed_permanent',
      count,
    ),
    resultSequence: s.resultSequence + count,
    sharing: { ...s.sharing, until: event.until },
  };
};
