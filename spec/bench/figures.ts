/** `--name 123` from the command line, or the default. */
export const numberFlag = (name: string, byDefault: number): number => {
  const place = process.argv.indexOf(`--${name}`);
  const given = place < 0 ? byDefault : Number(process.argv[place + 1]);
  if (!Number.isFinite(given)) throw new Error(`--${name} takes a number`);
  return given;
};

export const textFlag = (name: string): string | null => {
  const place = process.argv.indexOf(`--${name}`);
  return place < 0 ? null : (process.argv[place + 1] ?? null);
};

export const medianOf = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
};

/** One JSON line: numbers to three digits behind the point, with what the machine was. */
export const report = (figures: Readonly<Record<string, unknown>>): void => {
  const round = (_key: string, value: unknown): unknown =>
    typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;
  console.log(JSON.stringify({ ...figures, node: process.version }, round, 1));
};
