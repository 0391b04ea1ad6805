import type { TokenPrices } from '../model/config.ts';

/**
 * A model of the table, or one of its dated snapshots (`gpt-4.1-mini-2025-04-14`). A fine-tuned
 * model has a price of its own.
 */
export const priceIn = (
  table: Readonly<Record<string, TokenPrices>>,
  model: string,
): TokenPrices | null => {
  const base = model.replace(/-\d{4}-\d{2}-\d{2}$/u, '');
  const name = [model, base].find((candidate) => Object.hasOwn(table, candidate));
  return name === undefined ? null : (table[name] ?? null);
};

/** US dollars as text: to the cent, and with more digits for small amounts. */
export const dollars = (usd: number): string => {
  if (usd >= 0.995 || usd === 0)
    return `$${usd.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  return `$${usd.toLocaleString('en-US', { maximumSignificantDigits: 3 })}`;
};
