import { type EmulatedService, emulatedServices } from './emulated-service.ts';

/**
 * What a row asks: no two rows of a campaign ask the same, so that an answer of another row would
 * show.
 */
export const promptOf = (salt: number, row: number): string => `What is w${row} of s${salt}?`;

export const itemIdOf = (row: number): string => `item-${row}`;

export const inputOf = (salt: number, rowCount: number): string =>
  Array.from(
    { length: rowCount },
    (_, row) => `${JSON.stringify({ id: itemIdOf(row), text: promptOf(salt, row) })}\n`,
  ).join('');

/** The emulator's answers hold the prompt. */
export const isAnswerTo = (text: unknown, prompt: string): boolean =>
  typeof text === 'string' && text.startsWith(`You asked: "${prompt}". The answer is `);

export interface StartFlags {
  readonly runId: string;
  readonly batchRows: number;
  /** Absent: OpenAI. */
  readonly service?: Pick<EmulatedService, 'name' | 'model'>;
  readonly pollInterval: string;
  readonly more?: readonly string[];
}

/** A `start` over the input of a campaign. */
export const startArguments = ({
  runId,
  batchRows,
  service = emulatedServices.openai,
  pollInterval,
  more = [],
}: StartFlags): readonly string[] => [
  ...[
    'start',
    '--input',
    'rows.jsonl',
    '--id-field',
    'id',
    '--prompt-field',
    'text',
    '--model',
    service.model,
    '--provider',
    service.name,
    '--store',
    'store',
  ],
  ...[
    '--run-id',
    runId,
    '--max-requests-per-batch',
    String(batchRows),
    '--poll-interval',
    pollInterval,
    ...more,
  ],
];

export const runArguments = (
  command: string,
  runId: string,
  ...more: readonly string[]
): readonly string[] => [command, ...['--run-id', runId, '--store', 'store', ...more]];
