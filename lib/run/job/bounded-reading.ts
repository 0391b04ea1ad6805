import { setImmediate } from 'node:timers/promises';
import { answerFault } from '../../schema/parse-answer.ts';
import type { OutputReading, Structure } from '../../schema/structure.ts';
import { withinTime } from './time-limit.ts';

/** Reads answers in bounded time: a schema's pattern may backtrack for years, and a user's validator may never end. */
export interface BoundedReading {
  readonly read: Structure['read'];
  /** In the order of the texts. One watch over many answers costs next to nothing, where one over each doubles their time. */
  readonly readAll: (texts: readonly (string | null)[]) => Promise<readonly OutputReading[]>;
}

/** One answer may take so much time of the processor. */
export const answerMsMax = 1_000;
/** An answer is given up once it was ended so often with that time used up: a machine that stands still ends work that is fast. */
const endedMax = 2;
const triesMax = 20;

export const boundedReading = (read: Structure['read'], msMax: number = answerMsMax): BoundedReading => {
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
    return answerFault('schema_mismatch', `the answer does not satisfy the schema: its check was ended after ${msMax / 1_000} s of work`);
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
          // The time was for all of them: the one that was being read gets its own, and signals are heard in between.
          await setImmediate();
          readings.push(await readOne(texts[readings.length] ?? null));
          await setImmediate();
        }
      }
      return readings;
    },
  };
};
