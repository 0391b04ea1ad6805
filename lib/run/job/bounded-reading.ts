import { setImmediate } from 'node:timers/promises';
import { answerFault } from '../../schema/parse-answer.ts';
import type { OutputReading, Structure } from '../../schema/structure.ts';
import { withinTime } from './time-limit.ts';

/** Reads answers within a time limit. A schema's pattern or a user's validator may never end. */
export interface BoundedReading {
  readonly read: Structure['read'];
  /**
   * Readings in the order of the texts. One limit for many answers is nearly free; one each is not.
   */
  readonly readAll: (texts: readonly (string | null)[]) => Promise<readonly OutputReading[]>;
}

/** Maximum processor time for one answer, in milliseconds. */
export const answerMsMax = 1_000;
/**
 * Gives up after this many timeouts with that processor time used. Other timeouts are the machine's
 * fault, and are retried.
 */
const endedMax = 2;
const triesMax = 20;

export const boundedReading = (
  read: Structure['read'],
  msMax: number = answerMsMax,
): BoundedReading => {
  const readOne = (text: string | null): ReturnType<Structure['read']> => {
    for (let ended = 0, tries = 0; ended < endedMax && tries < triesMax; tries += 1) {
      const found: { reading?: ReturnType<Structure['read']> } = {};
      const before = process.cpuUsage();
      const isDone = withinTime(() => {
        found.reading = read(text);
      }, msMax);
      if (isDone === 'done' && found.reading !== undefined) return found.reading;
      const { user, system } = process.cpuUsage(before);
      if ((user + system) / 1_000 >= msMax / 2) ended += 1;
    }
    return answerFault(
      'schema_mismatch',
      `the answer does not satisfy the schema: its check took longer than ${msMax / 1_000} s`,
    );
  };
  return {
    read: readOne,
    async readAll(texts) {
      const readings: OutputReading[] = [];
      while (readings.length < texts.length) {
        const waited: { for: Promise<OutputReading> | null } = { for: null };
        const isDone = withinTime(() => {
          while (readings.length < texts.length) {
            const reading = read(texts[readings.length] ?? null);
            if (reading instanceof Promise) {
              waited.for = reading;
              return;
            }
            readings.push(reading);
          }
        }, msMax);
        if (waited.for !== null) readings.push(await waited.for);
        else if (isDone === 'over' && readings.length < texts.length) {
          // The limit was for all of them. The current one gets its own, with time for signals in
          // between.
          await setImmediate();
          readings.push(await readOne(texts[readings.length] ?? null));
          await setImmediate();
        }
      }
      return readings;
    },
  };
};
