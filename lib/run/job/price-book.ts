import type { TokenPrices } from '../../core/model/config.ts';
import { priceIn } from '../../core/money/money.ts';

/** The model whose price is looked up. */
export interface PricedModel {
  readonly kind: string;
  readonly connection: string;
  readonly model: string;
}

/** The prices of a model's tokens in a batch. Undefined or null: unknown to this book. */
export type PriceBook = (model: PricedModel) => TokenPrices | null | undefined;

/** A price book from a table by model name. */
export const priceTable =
  (table: Readonly<Record<string, TokenPrices>>): PriceBook =>
  ({ model }) =>
    priceIn(table, model);
