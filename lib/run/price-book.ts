import type { TokenPrices } from '../core/config.ts';

/** Whose price is asked for. */
export interface PricedModel {
  readonly kind: string;
  readonly connection: string;
  readonly model: string;
}

/** What a model's tokens cost in a batch; undefined or null: this book does not know. */
export type PriceBook = (model: PricedModel) => TokenPrices | null | undefined;

/** A model of the table, or one of its dated snapshots (`gpt-4.1-mini-2025-04-14`). A fine-tuned model has a price of its own. */
export const priceIn = (table: Readonly<Record<string, TokenPrices>>, model: string): TokenPrices | null => {
  const base = model.replace(/-\d{4}-\d{2}-\d{2}$/u, '');
  const name = [model, base].find((candidate) => Object.hasOwn(table, candidate));
  return name === undefined ? null : (table[name] ?? null);
};

/** A book of a table by model name. */
export const priceTable =
  (table: Readonly<Record<string, TokenPrices>>): PriceBook =>
  ({ model }) =>
    priceIn(table, model);
