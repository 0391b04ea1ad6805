import type { SchemaTree } from 'hyparquet';

/** How decimals are read: as their digits, or as JavaScript numbers. */
export type DecimalReading = 'text' | 'number';

/** Replaces stored numbers or bytes by the digits of decimals. */
export type WriteDecimals = (value: unknown) => unknown;

/** More digits than any decimal has; a damaged footer must not create endless texts. */
const SCALE_MAX = 1_000;

/**
 * Writes the decimals in a column's values; null: it has none. Values are as hyparquet returns
 * them: lists and repeated groups are arrays, maps and structs objects. Throws a `RangeError` for
 * an invalid scale.
 */
export const decimalWriter = (node: SchemaTree): WriteDecimals | null => {
  if (node.element.converted_type === 'DECIMAL')
    return inLists(decimalText(node.element.scale ?? 0));
  const [child] = node.children;
  if (child === undefined) return null;
  const isWrapped = node.children.length === 1 && child.element.repetition_type === 'REPEATED';
  // The way in which hyparquet distinguishes lists and maps from structs.
  if (node.element.converted_type === 'LIST' && isWrapped && child.children.length <= 1)
    return decimalWriter(child.children[0] ?? child);
  const [key, value] = child.children;
  if (
    node.element.converted_type === 'MAP' &&
    isWrapped &&
    child.children.length === 2 &&
    key !== undefined &&
    value !== undefined
  )
    return inMaps(key, value);
  const writers = node.children.flatMap((field): (readonly [string, WriteDecimals])[] => {
    const write = decimalWriter(field);
    return write === null ? [] : [[field.element.name, write]];
  });
  return writers.length === 0 ? null : inLists(inFields(new Map(writers)));
};

/** Lists, also nested ones, are written value by value. */
const inLists = (write: WriteDecimals): WriteDecimals => {
  const writeAll: WriteDecimals = (value) => {
    if (value === null || value === undefined) return value;
    return Array.isArray(value) ? value.map(writeAll) : write(value);
  };
  return writeAll;
};

const inFields =
  (writers: ReadonlyMap<string, WriteDecimals>): WriteDecimals =>
  (value) =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value).map(([name, field]) => [name, writers.get(name)?.(field) ?? field]),
        )
      : value;

const inMaps = (key: SchemaTree, value: SchemaTree): WriteDecimals | null => {
  const [writeKey, writeValue] = [decimalWriter(key), decimalWriter(value)];
  if (writeKey === null && writeValue === null) return null;
  return inLists((map) =>
    Object.fromEntries(
      Object.entries(map as object).map(([name, each]) => [
        writeKey === null ? name : String(writeKey(storedKey(name))),
        writeValue === null ? each : writeValue(each),
      ]),
    ),
  );
};

/** Keys have become texts: a whole number its digits, bytes their list. */
const storedKey = (name: string): unknown =>
  /^-?\d+$/.test(name) ? BigInt(name) : Uint8Array.from(name.split(','), Number);

const decimalText = (scale: number): WriteDecimals => {
  if (!Number.isSafeInteger(scale) || Math.abs(scale) > SCALE_MAX)
    throw new RangeError(`a decimal has the scale ${scale}`);
  return (value) => {
    const unscaled = unscaledOf(value);
    return unscaled === null ? value : withPoint(unscaled, scale);
  };
};

/** The stored whole number; bytes are big-endian two's complement. */
const unscaledOf = (value: unknown): bigint | null => {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return BigInt(value);
  if (!(value instanceof Uint8Array)) return null;
  const hex = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
  return hex === '' ? 0n : BigInt.asIntN(8 * value.length, BigInt(`0x${hex}`));
};

const withPoint = (unscaled: bigint, scale: number): string => {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale));
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
};
