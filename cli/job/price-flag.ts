import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option } from 'clipanion';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import type { PriceBook } from '../../lib/run/job/price-book.ts';
import { parsePrices } from '../../lib/run/job/price-file.ts';
import type { LoadedEnv } from '../shell/env-file.ts';
import { CliFailure } from '../shell/failure.ts';

export const pricesFlag = (): string | undefined =>
  Option.String('--prices', {
    description:
      "JSON file with the prices of models, in US dollars per million tokens (default: BATCHOR_PRICES, else OpenAI's known prices)",
  });

/** The prices of `--prices`, else of `BATCHOR_PRICES`; undefined: neither is given. */
export const pricesOf = async (
  flag: string | undefined,
  { env }: LoadedEnv,
  cwd: string,
): Promise<PriceBook | undefined> => {
  const fromEnv = env['BATCHOR_PRICES']?.trim() ?? '';
  const [name, path] = flag === undefined ? ['BATCHOR_PRICES', fromEnv] : ['--prices', flag];
  if (path === '' && flag === undefined) return undefined;
  const hint =
    'For example { "gpt-4.1": { "input": 1, "output": 4, "as_of": "2026-11-01" } }: US dollars per million tokens in a batch.';
  if (path.trim() === '') throw new CliFailure(`${name}: must be the name of a file`, { hint });
  try {
    return parsePrices(path, await readFile(resolve(cwd, path), 'utf8'));
  } catch (error) {
    if (isBatchorError(error, 'invalid_config'))
      throw new CliFailure(`${name}: ${error.message}`, { hint });
    if (error instanceof Error && 'code' in error)
      throw new CliFailure(`${name}: ${unreadable(path, cwd, error)}`, { hint });
    throw error;
  }
};

const unreadable = (
  path: string,
  cwd: string,
  { code, message }: Error & { readonly code: unknown },
): string => {
  if (code === 'ENOENT') return `${path}: no such file. Relative paths start in ${cwd}`;
  if (code === 'EISDIR') return `${path} is a folder, not a file`;
  return `${path} cannot be read: ${message}`;
};
