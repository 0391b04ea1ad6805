import { GoogleGenAI } from '@google/genai';
import {
  startEmulator,
  type Emulator,
  type EmulatorOptions,
} from '../../../../adapters/emulator/index.ts';

/** An emulator of Gemini whose time only `advance` moves, and the official client of it. */
export const startGemini = async (
  options: EmulatorOptions = {},
): Promise<{ readonly emulator: Emulator; readonly client: GoogleGenAI }> => {
  const emulator = await startEmulator({ speed: 0, provider: 'gemini', ...options });
  const client = new GoogleGenAI({
    apiKey: 'AIza-any',
    httpOptions: { baseUrl: emulator.baseURL },
  });
  return { emulator, client };
};

export const model = 'gemini-2.5-flash';

/** A line of an input file. */
export const lineOf = (key: string, text = `What is ${key}?`, more: object = {}): string =>
  `${JSON.stringify({
    key,
    request: { contents: [{ role: 'user', parts: [{ text }] }], ...more },
  })}\n`;

/** Lines of a file of answers, by key. */
export const byKey = (text: string): ReadonlyMap<string, Readonly<Record<string, unknown>>> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const row = JSON.parse(line) as Readonly<Record<string, unknown>>;
        return [String(row['key']), row];
      }),
  );

/** Longer than any batch takes by default. */
export const turnaroundMs = 5 * 3_600_000;
