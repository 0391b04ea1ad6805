import type { TokenPrices } from '../../core/model/config.ts';
import { priceIn } from '../../core/money/prices.ts';

/** Whose price is asked for. */
export interface PricedModel {
  readonly kind: string;
  readonly connection: string;
  readonly model: string;
}

/** What a model's tokens cost in a batch; undefined or null: this book does not know. */
export type PriceBook = (model: PricedModel) => TokenPrices | null | undefined;

/** A book of a table by model name. */
export const priceTable =
  (table: Readonly<Record<string, TokenPrices>>): PriceBook =>
  ({ model }) =>
    priceIn(table, model);
