import { newline, utf8Text } from '../../bytes/lines.ts';
import type { ObjectSpan } from '../../ports/run-store.ts';
import type { Found, Payload } from './payload.ts';

/** A line as text without its newline; or why it is not one. */
export type Line = string | { readonly fault: string };

/** Lines of request and item objects: a span is the line with its newline. */
export const readOwnLines = async (
  payload: Payload,
  spans: readonly ObjectSpan[],
): Promise<readonly Line[]> => {
  const found = await payload.read(spans);
  return found.map((bytes, i) => {
    if (!(bytes instanceof Uint8Array)) return bytes;
    if (bytes.indexOf(newline) !== bytes.length - 1) return notOneLine(spans[i] as ObjectSpan);
    return textOf(bytes.subarray(0, -1), spans[i] as ObjectSpan);
  });
};

/** Lines of raw files. A span excludes the newline, so the neighbouring bytes are checked too. */
export const readRawLines = async (
  payload: Payload,
  spans: readonly ObjectSpan[],
): Promise<readonly Line[]> => {
  const wider: ObjectSpan[] = [];
  const sizes = new Map<string, Awaited<ReturnType<Payload['size']>>>();
  for (const { object, offset, length } of spans) {
    const size = sizes.get(object) ?? (await payload.size(object));
    sizes.set(object, size);
    const start = Math.max(0, offset - 1);
    // A span beyond the object's end is read as it is, and rejected.
    const end =
      typeof size === 'number' && offset + length < size ? offset + length + 1 : offset + length;
    wider.push({ object, offset: start, length: end - start });
  }
  const found = await payload.read(wider);
  return found.map((bytes, i) => rawLine(bytes, spans[i] as ObjectSpan));
};

const rawLine = (bytes: Found, span: ObjectSpan): Line => {
  if (!(bytes instanceof Uint8Array)) return bytes;
  const start = span.offset > 0 ? 1 : 0;
  const line = bytes.subarray(start, start + span.length);
  const isBegun = start === 0 || bytes[0] === newline;
  const isEnded = bytes.length === start + span.length || bytes[bytes.length - 1] === newline;
  return isBegun && isEnded && line.length > 0 && !line.includes(newline)
    ? textOf(line, span)
    : notOneLine(span);
};

const spanName = ({ object, offset, length }: ObjectSpan): string =>
  `bytes ${offset}+${length} of object ${object}`;
const notOneLine = (span: ObjectSpan): Line => ({
  fault: `${spanName(span)} are not one whole line`,
});

const textOf = (bytes: Uint8Array, span: ObjectSpan): Line =>
  utf8Text(bytes) ?? { fault: `${spanName(span)} are not UTF-8` };

/**
 * Null when the line is an object of which one of the keys is the text; else its actual value.
 * batchor writes that key first, so only lines of another shape are parsed.
 */
export const faultOfName = (line: Line, keys: readonly string[], text: string): string | null => {
  if (typeof line !== 'string') return line.fault;
  const isNamed = keys.some((key) =>
    line.startsWith(`{${JSON.stringify(key)}:${JSON.stringify(text)},`),
  );
  if (isNamed && line.endsWith('}')) return null;
  try {
    const row = JSON.parse(line) as Readonly<Record<string, unknown>> | null;
    const key = keys.find((each) => row?.[each] !== undefined) ?? keys[0] ?? '';
    const found = row?.[key];
    return found === text
      ? null
      : `its ${key} is ${JSON.stringify(found) ?? 'missing'}, not ${JSON.stringify(text)}`;
  } catch {
    return 'it is not JSON';
  }
};
