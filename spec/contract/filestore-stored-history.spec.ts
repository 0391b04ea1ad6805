import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isLeft } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import type { Event } from '../../lib/core/model/event.ts';
import { eventCodec, snapshotCodec } from '../../lib/core/codec/json-codec.ts';
import { evolve } from '../../lib/core/machine/evolve.ts';
import { emptySnapshot, isFinished, type RunSnapshot } from '../../lib/core/model/snapshot.ts';
import { journalFile, listRunFolder } from '../../adapters/filestore/disk/run-folder.ts';
import { readChain, eventsOf } from '../../adapters/filestore/journal/history.ts';
import { readFrames } from '../../adapters/filestore/journal/journal-file.ts';

const stored = fileURLToPath(new URL('../support/stored/6bc519e/files', import.meta.url));

/** Every event of a stored run, from its first journal on. */
const historyOf = (runId: string): readonly Event[] => {
  const folder = join(stored, 'store/runs', runId);
  const chain = readChain(folder, listRunFolder(folder), () => false);
  if (isLeft(chain)) throw new Error(chain.left.type);
  const events: Event[] = [];
  for (const { id, start, to } of chain.right) {
    const read = readFrames(join(folder, journalFile(id)), start, to, (frame) => {
      const found = eventsOf(frame);
      if (isLeft(found)) throw new Error(found.left);
      events.push(...found.right);
      return null;
    });
    expect(read.fault).toBeNull();
  }
  return events;
};

describe('a history that release 6bc519e recorded', () => {
  it.each(['done', 'paused', 'killed'])(
    '%s folds to the snapshot that the release had, new fields beside',
    (runId) => {
      const events = historyOf(runId);
      const folded = events.reduce(evolve, emptySnapshot);
      const before: unknown = JSON.parse(
        readFileSync(join(stored, `${runId}.snapshot.json`), 'utf8'),
      );
      expect(snapshotCodec.encode(folded)).toMatchObject(before as RunSnapshot);
      expect(isFinished(folded)).toBe(runId === 'done');
      const decoded = snapshotCodec.decode(before);
      expect(isLeft(decoded) ? decoded.left : decoded.right.version).toBe(folded.version);
    },
  );

  it('has what happens to rows and batches, and stays what it is as JSON', () => {
    const events = ['done', 'paused', 'killed'].flatMap(historyOf);
    const batch = [
      'BatchPlanned',
      'BatchUploaded',
      'CreateBegun',
      'BatchCreated',
      'BatchObserved',
      'BatchEnded',
      'FilesStored',
      'BatchSettled',
    ];
    const rows = [
      'ItemsAccepted',
      'IngestionCompleted',
      'ItemsCompleted',
      'ItemsRequeued',
      'ItemsSettled',
      'SharedCompleted',
      'SharedFailed',
    ];
    const run = ['RunCreated', 'RunOpened', 'RunPaused', 'RunFinished', 'ArtifactsExported'];
    expect([...new Set(events.map(({ type }) => type))]).toEqual(
      expect.arrayContaining([...batch, ...rows, ...run]),
    );
    for (const event of events) {
      const read = eventCodec.decode(JSON.parse(JSON.stringify(eventCodec.encode(event))));
      expect(isLeft(read) ? read.left : eventCodec.encode(read.right)).toEqual(
        eventCodec.encode(event),
      );
    }
  });
});
