import type { JsonValue } from '../../../lib/core/json/json.ts';

const floatBytes = 4;
const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/u;

/**
 * The vector, numbers as they came; with `encoding_format: base64` the bytes of 32-bit floats,
 * little end first. Null: it is no vector.
 */
export const vectorOf = (embedding: JsonValue | undefined): readonly JsonValue[] | null => {
  if (typeof embedding === 'string') return unpacked(embedding);
  return Array.isArray(embedding) && isVector(embedding as readonly JsonValue[])
    ? (embedding as readonly JsonValue[])
    : null;
};

const unpacked = (text: string): readonly number[] | null => {
  if (!base64.test(text)) return null;
  const bytes = Buffer.from(text, 'base64');
  // Bytes that are left over, and numbers that are none, say that it was cut or is something else.
  if (bytes.length === 0 || bytes.length % floatBytes !== 0) return null;
  const vector = Array.from({ length: bytes.length / floatBytes }, (_, index) =>
    bytes.readFloatLE(index * floatBytes),
  );
  return vector.every(Number.isFinite) ? vector : null;
};

/** Numbers, or for models that give a vector of each token, vectors of numbers. */
const isVector = (vector: readonly JsonValue[]): boolean =>
  vector.length > 0 &&
  (vector.every((value) => typeof value === 'number') ||
    vector.every(
      (row) =>
        Array.isArray(row) && row.length > 0 && row.every((value) => typeof value === 'number'),
    ));
