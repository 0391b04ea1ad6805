/** `2 days`, `3 hours`: the largest unit that it has at least one of, to a tenth. */
export const spanText = (ms: number): string => {
  const [unit, unitMs] = units.find(([, size]) => Math.abs(ms) >= size) ?? lastUnit;
  const count = Math.round((Math.abs(ms) / unitMs) * 10) / 10;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
};
const lastUnit = ['second', 1_000] as const;
const units: readonly (readonly [string, number])[] = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000], lastUnit];
