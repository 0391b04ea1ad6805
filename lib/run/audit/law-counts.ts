import { type ConservationLaw, conservationLaws } from '../../core/model/conservation.ts';
import type { BrokenLaw, VerifiedLaw } from './verification.ts';

/** Where a law is broken. */
interface Where extends Partial<Pick<BrokenLaw, 'batchNo' | 'batchKey' | 'itemId'>> {
  readonly index?: number | null;
}

/** Counts checks and violations of each law, and keeps the first violation of each. */
export interface LawCounts {
  checked(law: ConservationLaw, count?: number): void;
  broken(law: ConservationLaw, message: string, where?: Where): void;
  laws(): readonly VerifiedLaw[];
  /** The first violation of the first broken law. */
  first(): BrokenLaw | null;
}

export const createLawCounts = (): LawCounts => {
  const order = Object.keys(conservationLaws) as readonly ConservationLaw[];
  const counts = new Map(
    order.map((law) => [law, { checked: 0, broken: 0, first: null as BrokenLaw | null }]),
  );
  const of = (law: ConservationLaw) =>
    counts.get(law) as { checked: number; broken: number; first: BrokenLaw | null };
  return {
    checked(law, count = 1) {
      of(law).checked += count;
    },
    broken(law, message, { batchNo = null, batchKey = null, index = null, itemId = null } = {}) {
      const count = of(law);
      count.broken += 1;
      count.first ??= { law, message, batchNo, batchKey, itemIndex: index, itemId };
    },
    laws: () =>
      order.map((law) => ({
        law,
        says: conservationLaws[law],
        checkedCount: of(law).checked,
        brokenCount: of(law).broken,
      })),
    first: () => order.map((law) => of(law).first).find((first) => first !== null) ?? null,
  };
};
