import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { boundedReading } from '../../../lib/run/job/bounded-reading.ts';
import { withinTime } from '../../../lib/run/job/time-limit.ts';
import type { OutputReading } from '../../../lib/schema/structure.ts';

interface Said {
  readonly type: 'begun' | 'heard' | 'read';
  readonly readings?: readonly string[];
}

/**
 * What a process says that reads by such a schema. It is ended after minutes: a check that hangs
 * would keep it for years.
 */
const saidBy = (kind: string): Promise<readonly Said[]> =>
  new Promise((resolve, reject) => {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
    const path = fileURLToPath(new URL('./hostile-schema-child.ts', import.meta.url));
    const child = fork(path, [kind], { execArgv: ['--import', tsx], stdio: 'pipe' });
    const lastResort = setTimeout(() => child.kill('SIGKILL'), 180_000);
    const said: Said[] = [];
    child.on('message', (message: Said) => {
      said.push(message);
      if (message.type === 'begun') child.send('are you there?');
    });
    child.on('error', reject);
    child.on('exit', () => {
      clearTimeout(lastResort);
      resolve(said);
    });
  });

describe('an answer whose check would take years', () => {
  it.each(['json-schema', 'validator'])(
    'fails by name, keeps no other answer and no signal waiting: by a %s',
    async (kind) => {
      const said = await saidBy(kind);
      expect(said.map(({ type }) => type)).toEqual(['begun', 'heard', 'read']);
      const ended =
        'schema_mismatch: the answer does not satisfy the schema: its check took longer than 0.2 s';
      const readings = said.at(-1)?.readings ?? [];
      expect(readings).toHaveLength(6);
      expect(readings[0]).toBe(ended);
      expect(readings[1]).toBe('fits');
      expect(readings[2]).toBe(ended);
      expect(readings[3]).toBe('fits');
      expect(readings[4]).toMatch(/^schema_mismatch: /u);
      expect(readings[4]).not.toBe(ended);
      expect(readings[5]).toBe(ended);
    },
  );
});

describe('answers that are read together', () => {
  const fits = (text: string | null): OutputReading => ({ type: 'fits', output: text, json: text });

  it('come in their order, whether their check is at once or a promise', async () => {
    const read = (text: string | null): OutputReading | Promise<OutputReading> =>
      Number(text) % 3 === 0 ? Promise.resolve(fits(text)) : fits(text);
    const texts = Array.from({ length: 20 }, (_, i) => String(i));
    expect(
      (await boundedReading(read).readAll(texts)).map((reading) =>
        reading.type === 'fits' ? reading.json : null,
      ),
    ).toEqual(texts);
  });

  it('may take longer together than one alone may', async () => {
    const read = (text: string | null): OutputReading => {
      // Some work of the processor, a good part of what one answer may take.
      for (let sum = 0, i = 0; i < 1_000_000; i += 1) sum += i % 7;
      return fits(text);
    };
    const texts = Array.from({ length: 100 }, (_, i) => String(i));
    const readings = await boundedReading(read, 60).readAll(texts);
    expect(readings.map(({ type }) => type)).toEqual(texts.map(() => 'fits'));
  });
});

describe('work within a time', () => {
  it('throws what it throws, and may hold other such work', () => {
    const failure = new Error('mine');
    expect(() =>
      withinTime(() => {
        throw failure;
      }, 60_000),
    ).toThrow(failure);
    let inner = '';
    expect(withinTime(() => void (inner = withinTime(() => undefined, 60_000)), 60_000)).toBe(
      'done',
    );
    expect(inner).toBe('done');
  });
});
