import { CliFailure } from './failure.ts';
import { inMiB } from './row-bytes.ts';

const KIB = 1024;
const units: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  kib: KIB,
  mib: KIB ** 2,
};

/** A number of bytes, e.g. `64MiB`, `64MB` or `67108864`: at least 1, at most `max`. */
export const byteCount = (flag: string, value: string, max: number): number => {
  const [, digits = '', unit = ''] = /^(\d+)\s?([a-z]*)$/iu.exec(value.trim()) ?? [];
  const factor = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
  const bytes = Number(digits) * (unit === '' ? 1 : (factor ?? Number.NaN));
  if (digits !== '' && bytes >= 1 && bytes <= max) return bytes;
  throw new CliFailure(
    `${flag} must be a size of 1 byte to ${inMiB(max)}, e.g. 64MiB (got ${JSON.stringify(value)})`,
    { hint: 'Units: B (default), kB, MB, KiB, MiB.' },
  );
};
