import { parseArgs } from 'node:util';

/**
 * Whole numbers given as `--name N`, or their defaults. Throws at anything else on the command
 * line.
 */
export const numberFlags = <Name extends string>(
  defaults: Readonly<Record<Name, number>>,
): Readonly<Record<Name, number>> => {
  const names = Object.keys(defaults) as unknown as readonly Name[];
  const { values } = parseArgs({
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  });
  const entries = names.map(
    (name) => [name, wholeFlag(name, values[name] as string | undefined, defaults[name])] as const,
  );
  return Object.fromEntries(entries) as Readonly<Record<Name, number>>;
};

/** The number of one flag, or its default. Throws at anything else. */
export const wholeFlag = (name: string, given: string | undefined, otherwise: number): number => {
  const number = given === undefined ? otherwise : Number(given);
  if (!Number.isInteger(number) || number < 0)
    throw new Error(`--${name} ${String(given)}: a whole number is needed`);
  return number;
};

/** Prints the figures as one JSON object; the process ends with 1 where a law is broken. */
export const report = (figures: { readonly failures: readonly unknown[] }): void => {
  console.log(JSON.stringify(figures, null, 2));
  process.exitCode = figures.failures.length === 0 ? 0 : 1;
};

/** Goes to stderr: figures alone go to stdout. */
export const tell = (line: string): void => console.error(line);
