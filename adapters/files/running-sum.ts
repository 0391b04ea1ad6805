import { crc32 } from 'node:zlib';

/** The CRC-32 of bytes that come bit by bit. */
export interface RunningSum {
  readonly crc32: number;
  add(bytes: Buffer): void;
}

export const runningSum = (): RunningSum => {
  let sum = 0;
  return {
    get crc32() {
      return sum;
    },
    add: (bytes) => {
      sum = crc32(bytes, sum);
    },
  };
};
