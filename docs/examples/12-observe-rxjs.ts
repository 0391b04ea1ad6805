// One event stream: persisted, ordered, resumable from a cursor.
import { BatchRunner, toWire } from 'batchor';
import { bufferTime, distinctUntilChanged, filter, map, retry, takeUntil, timer } from 'rxjs';

await using runner = new BatchRunner();
await using run = await runner.getRun('batchor_20260403T120000Z_ab12cd34');

const savedCursor = 3; // the last sequence that was dealt with, kept by you
const progress = run.summary$
  .pipe(
    map((s) =>
      Math.floor(
        (100 * (s.itemCounts.completed + s.itemCounts.failed_permanent)) / Math.max(1, s.itemCount),
      ),
    ),
    distinctUntilChanged(),
  )
  .subscribe((percent) => console.log(`${percent} %`));

// Everything since the cursor, then live; it completes with the run.
run
  .events$({ afterSequence: savedCursor })
  .pipe(
    filter(
      (e) =>
        e.eventType === 'batch_completed' ||
        e.eventType === 'batch_failed' ||
        e.eventType === 'run_paused',
    ),
    retry({ count: 3, delay: 1_000 }),
  )
  .subscribe(({ eventType, data }) => {
    if (eventType === 'batch_completed')
      console.log(data['provider_status'], data['completed_count']);
    else if (eventType === 'batch_failed') console.warn(data['message'], data['batch_key']);
    else console.warn(data['reason'], data['message']);
  });

// All runs of this process, as they happen, for a metrics sink.
runner.events$
  .pipe(
    bufferTime(10_000),
    filter((events) => events.length > 0),
    takeUntil(timer(86_400_000)),
  )
  .subscribe((events) => console.log(JSON.stringify(events.map(toWire))));

await run.wait();
progress.unsubscribe();
