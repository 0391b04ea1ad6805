import { describe, expect, it } from 'vitest';
import type { FaultScript } from '../../lib/sim/index.ts';
import { notFoundWords, notProcessedWords } from '../support/sim/file-words.ts';
import { createCliWorld, csvOf, linesOf, type Ran, startArgs } from './in-process.ts';

interface Played {
  readonly started: Ran;
  readonly results: readonly Readonly<Record<string, unknown>>[];
  readonly uploads: number;
}

/** A run of so many rows to its end, or its pause, through the real adapter. */
const play = async (
  faults: FaultScript,
  rows = 8,
  more: readonly string[] = [],
): Promise<Played> => {
  await using world = await createCliWorld({ faults });
  world.write('rows.csv', csvOf(rows));
  const started = await world.run(startArgs('rows.csv', 'run', '--wait', ...more));
  const shown = await world.run(['results', '--run-id', 'run', '--store', 'store', '--partial']);
  return { started, results: linesOf(shown.stdout), uploads: world.emulator.ledger.uploads };
};
const failedIn = ({ results }: Played): readonly unknown[] =>
  results.filter(({ status }) => status === 'failed_permanent').map(({ item_id: id }) => id);

describe('a request that is refused by its id', () => {
  it.each<[string, FaultScript]>([
    ['at the upload', [{ type: 'line_refused', at: 'upload', line: 3, byId: true, batch: 1 }]],
    ['at the create', [{ type: 'line_refused', at: 'create', line: 3, byId: true, batch: 1 }]],
    [
      'at validation',
      [{ type: 'validation_fails', code: 'invalid_request', lines: [3], byId: true, batch: 1 }],
    ],
  ])('%s drops its row, by its own name, and the others are sent', async (_place, faults) => {
    const played = await play(faults);
    expect([played.started.code, failedIn(played), played.results.length]).toEqual([
      2,
      ['item-2'],
      8,
    ]);
    const failed = played.results.find(({ item_id: id }) => id === 'item-2');
    expect(failed).toMatchObject({
      error: { error_class: 'invalid_request', raw_error: { line: 3 } },
    });
  });
});

describe('a validation that names lines', () => {
  it('one after the other, for a reason each, pauses the run with its evidence', async () => {
    const played = await play(
      [{ type: 'validation_names_lines', codes: ['bad_role', 'bad_input', 'bad_model'] }],
      20,
      ['--max-failed-batches', '1'],
    );
    expect(played.started.code).toBe(4);
    expect(played.started.stderr).toMatch(
      /refused for "bad_role", each on lines that the provider named.*line 1: bad_role/u,
    );
    expect(failedIn(played)).toEqual(['item-0']);
  });

  it('that the file does not have drops no row, and pauses the run', async () => {
    const played = await play([{ type: 'validation_fails', code: 'bad_role', lines: [99] }], 8, [
      '--max-failed-batches',
      '1',
    ]);
    expect([played.started.code, failedIn(played)]).toEqual([4, []]);
    expect(played.started.stderr).toContain('line 99: bad_role');
  });
});

describe('an input file that the service cannot use yet', () => {
  it.each([
    ...notProcessedWords.map((message) => ['file_not_processed', message] as const),
    ...notFoundWords.map((message) => ['file_not_found_after_upload', message] as const),
  ])('is waited for, and not sent again: %s, "%s"', async (type, message) => {
    const played = await play([{ type, forMs: 500, message, batch: 1 }]);
    expect([played.started.code, played.uploads, failedIn(played)]).toEqual([0, 1, []]);
  });
});

describe('a service without lists', () => {
  it.each([405, 501])(
    'that says so with %i is named before anything is created',
    async (statusCode) => {
      const played = await play([{ type: 'list_refused', statusCode }]);
      expect([played.started.code, played.uploads]).toEqual([3, 0]);
      expect(played.started.stderr).toContain('--accept-no-list');
    },
  );
});

describe('a refusal beside a text', () => {
  const schema = {
    type: 'object',
    properties: { n: { type: 'number' } },
    required: ['n'],
    additionalProperties: false,
  };

  it.each(['responses', 'chat.completions'])(
    'is no refusal where the text is what the schema asks for, and one where it was only asked: %s',
    async (endpoint) => {
      await using world = await createCliWorld({
        faults: [{ type: 'rows_refused_beside_text', ratio: 1 }],
      });
      world.write('rows.csv', csvOf(2));
      world.write('schema.json', JSON.stringify(schema));
      const asked = await world.run(
        startArgs('rows.csv', 'asked', '--wait', '--endpoint', endpoint, '--schema', 'schema.json'),
      );
      expect([asked.code, asked.stderr]).toEqual([0, expect.not.stringContaining('refusal')]);
      expect(
        (await world.run(startArgs('rows.csv', 'plain', '--wait', '--endpoint', endpoint))).code,
      ).toBe(2);
      const plain = linesOf(
        (await world.run(['results', '--run-id', 'plain', '--store', 'store', '--partial'])).stdout,
      );
      expect(
        plain.map(({ error }) => (error as { readonly error_class: string }).error_class),
      ).toEqual(['refusal', 'refusal']);
    },
  );
});
