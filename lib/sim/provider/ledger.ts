import { operations, type Operation } from './faults.ts';

/** A request that was paid for again, though its first answer was usable. */
export interface DoubleBilling {
  readonly customId: string;
  /** The batch that answered first, and the one that answered again. */
  readonly batchIds: readonly [string, string];
}

/** What the provider received and would bill. Updated live; `JSON.stringify` gives a snapshot. */
export interface Ledger {
  readonly calls: Readonly<Record<Operation, number>>;
  readonly uploads: number;
  readonly uploadedBytes: number;
  /** Well-formed create requests, whatever their outcome. */
  readonly createAttempts: number;
  readonly batchesCreated: number;
  readonly batches: readonly {
    readonly id: string;
    readonly inputFileId: string;
    readonly metadata: Readonly<Record<string, string>> | null;
  }[];
  /** Lines of all batches that passed validation. */
  readonly requestsAccepted: number;
  /** Requests that a model answered, usable or not. */
  readonly requestsBilled: number;
  readonly inputTokensBilled: number;
  readonly outputTokensBilled: number;
  /**
   * Requests that were billed again after a usable answer: the same line with its custom_id and
   * body.
   */
  readonly doubleBilledCount: number;
  /** The first thousand of them. */
  readonly doubleBilled: readonly DoubleBilling[];
  /**
   * Requests billed again because the client never received the earlier answer completely: the
   * service's fault, not the client's.
   */
  readonly billedAgainAfterLossCount: number;
  /** Requests billed again by a batch that was created twice by a duplicated request. */
  readonly billedByDoubledCount: number;
}

/** The provider's side of the ledger. */
export interface LedgerBook {
  readonly ledger: Ledger;
  call(operation: Operation): void;
  uploaded(bytes: number): void;
  createAttempted(): void;
  created(batch: Ledger['batches'][number], isDoubled: boolean): void;
  accepted(requestCount: number): void;
  /** `batchIndex` counts created batches from 0. */
  billed(
    request: { readonly customId: string; readonly lineHash: number; readonly isUsable: boolean },
    batchIndex: number,
  ): void;
  billedTokens(input: number, output: number): void;
}

const doubleBilledShown = 1_000;

/** An empty ledger. Memory: two numbers for each distinct request line billed. */
export const createLedger = (): LedgerBook => {
  const calls = Object.fromEntries(operations.map((operation) => [operation, 0])) as Record<
    Operation,
    number
  >;
  const batches: Ledger['batches'][number][] = [];
  const doubleBilled: DoubleBilling[] = [];
  // Maps the hash of a request line to twice the index of the batch that answered it first, plus
  // one when that answer was usable.
  const answered = new Map<number, number>();
  const sums = {
    uploads: 0,
    uploadedBytes: 0,
    createAttempts: 0,
    accepted: 0,
    billed: 0,
    input: 0,
    output: 0,
    twice: 0,
    afterLoss: 0,
    doubled: 0,
  };
  const doubled = new Set<number>();

  const ledger: Ledger = {
    calls,
    get uploads() {
      return sums.uploads;
    },
    get uploadedBytes() {
      return sums.uploadedBytes;
    },
    get createAttempts() {
      return sums.createAttempts;
    },
    get batchesCreated() {
      return batches.length;
    },
    batches,
    get requestsAccepted() {
      return sums.accepted;
    },
    get requestsBilled() {
      return sums.billed;
    },
    get inputTokensBilled() {
      return sums.input;
    },
    get outputTokensBilled() {
      return sums.output;
    },
    get doubleBilledCount() {
      return sums.twice;
    },
    doubleBilled,
    get billedAgainAfterLossCount() {
      return sums.afterLoss;
    },
    get billedByDoubledCount() {
      return sums.doubled;
    },
  };

  return {
    ledger,
    call: (operation) => {
      calls[operation] += 1;
    },
    uploaded: (bytes) => {
      sums.uploads += 1;
      sums.uploadedBytes += bytes;
    },
    createAttempted: () => {
      sums.createAttempts += 1;
    },
    created: (batch, isDoubled) => {
      if (isDoubled) doubled.add(batches.length);
      batches.push(batch);
    },
    accepted: (requestCount) => {
      sums.accepted += requestCount;
    },
    billed: ({ customId, lineHash, isUsable }, batchIndex) => {
      sums.billed += 1;
      const earlier = answered.get(lineHash);
      if (earlier === undefined) {
        answered.set(lineHash, batchIndex * 2 + (isUsable ? 1 : 0));
        return;
      }
      const isOfDoubled = doubled.has(batchIndex) || doubled.has(Math.floor(earlier / 2));
      if (earlier % 2 === 0) {
        sums.afterLoss += 1;
        // One batch of a duplicated pair is used, and the provider does not know which. The answer
        // may have been lost with the other.
        if (isUsable && !isOfDoubled) answered.set(lineHash, batchIndex * 2 + 1);
        return;
      }
      if (isOfDoubled) {
        if (!isUsable) answered.set(lineHash, batchIndex * 2);
        sums.doubled += 1;
        return;
      }
      sums.twice += 1;
      if (doubleBilled.length < doubleBilledShown) {
        const first = batches[Math.floor(earlier / 2)]?.id ?? '';
        doubleBilled.push({ customId, batchIds: [first, batches[batchIndex]?.id ?? ''] });
      }
    },
    billedTokens: (input, output) => {
      sums.input += input;
      sums.output += output;
    },
  };
};
