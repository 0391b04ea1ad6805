/**
 * True where the number is the one that `digits` write. Below 2^53 that is taken to be so: a
 * fraction is as exact as a JavaScript number, to 15 digits at least. Beyond, and for what became
 * zero or infinite, every digit counts; whole numbers there are never taken to be exact, so that a
 * column of them is of one kind.
 */
export const isExactly = (value: number, digits: string): boolean => {
  if (!Number.isFinite(value)) return false;
  if (value === 0) return !/[1-9]/.test(digits.split(/e/i, 1)[0] ?? '');
  if (Math.abs(value) < 2 ** 53) return true;
  return !/^-?\d+$/.test(digits) && plainForm(String(value)) === plainForm(digits);
};

/**
 * The same for every way to write a number: its digits without zeros at either end, and the
 * exponent that belongs to them.
 */
const plainForm = (number: string): string => {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([-+]?\d+))?$/i.exec(number) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const shortened = withoutEndZeros(digits);
  return `${sign}${shortened}e${Number(exponent) - fraction.length + digits.length - shortened.length}`;
};

const withoutEndZeros = (digits: string): string => {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
};
