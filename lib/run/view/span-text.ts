/** E.g. `2.5 days`, `13 hours`: in the largest unit that fits; one decimal below ten. */
export const spanText = (ms: number): string => {
  const [unit, unitMs] = units.find(([, size]) => Math.abs(ms) >= size) ?? lastUnit;
  const exact = Math.abs(ms) / unitMs;
  const count = exact < 9.95 ? Math.round(exact * 10) / 10 : Math.round(exact);
  return `${count.toLocaleString('en-US')} ${unit}${count === 1 ? '' : 's'}`;
};
const lastUnit = ['second', 1_000] as const;
const units: readonly (readonly [string, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  lastUnit,
];
