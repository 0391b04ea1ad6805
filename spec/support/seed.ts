import { configureGlobal, readConfigureGlobal } from 'fast-check';
import { afterEach } from 'vitest';
import { pendingWaits } from './wait-for.ts';

/**
 * Every property of a run draws from the run's own seed, unless it names one. It may take the time
 * that a slow machine needs.
 */
configureGlobal({ ...readConfigureGlobal(), seed: Number(process.env['BATCHOR_SEED']) });

/** A test that ran out of time says what it was waiting for. */
afterEach(({ task }) => {
  if (task.result?.state === 'fail')
    for (const what of pendingWaits())
      console.error(`${task.name}: still waiting for this: ${what}`);
});
