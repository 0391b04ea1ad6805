/** Kinds of characters. The tokens of a text are nearly linear in its counts of each kind. */
export const shapeKinds: readonly string[] = [
  'line',
  'lower',
  'upper',
  'digit',
  'space',
  'punctuation',
  'latin',
  'alphabet',
  'syllabary',
  'ideograph',
  'pair',
];
export type Shape = Float64Array;

export interface ShapedText {
  /** Length in UTF-8. */
  readonly bytes: number;
  readonly shape: Shape;
}

const kindOf = (unit: number): number => {
  if (unit >= 0x61 && unit <= 0x7a) return shapeKinds.indexOf('lower');
  if (unit >= 0x41 && unit <= 0x5a) return shapeKinds.indexOf('upper');
  if (unit >= 0x30 && unit <= 0x39) return shapeKinds.indexOf('digit');
  if (unit === 0x20) return shapeKinds.indexOf('space');
  if (unit < 0x80) return shapeKinds.indexOf('punctuation');
  if (unit < 0x250) return shapeKinds.indexOf('latin');
  if (unit < 0x800) return shapeKinds.indexOf('alphabet');
  if (unit >= 0xd800 && unit <= 0xdfff) return shapeKinds.indexOf('pair');
  return unit < 0x2e80 ? shapeKinds.indexOf('syllabary') : shapeKinds.indexOf('ideograph');
};
/** The kind of each UTF-16 unit, as a table for speed. */
const kinds = Uint8Array.from({ length: 0x1_0000 }, (_, unit) => kindOf(unit));
/** UTF-8 bytes per unit of each kind. A surrogate pair has four. */
const bytesOfKind = [0, 1, 1, 1, 1, 1, 2, 2, 3, 3, 2];
const counts = new Uint32Array(shapeKinds.length);

/** One pass over the text. About a hundred times faster than a token counter. */
export const shapeOf = (text: string): ShapedText => {
  counts.fill(0);
  for (let i = 0; i < text.length; i += 1) {
    const kind = kinds[text.charCodeAt(i)] as number;
    counts[kind] = (counts[kind] as number) + 1;
  }
  let bytes = 0;
  for (let kind = 1; kind < counts.length; kind += 1)
    bytes += (counts[kind] as number) * (bytesOfKind[kind] as number);
  // Every text counts as one line.
  counts[0] = 1;
  return { bytes, shape: new Float64Array(counts) };
};

/** `a · b` */
export const dot = (a: Shape, b: Shape): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += (a[i] as number) * (b[i] as number);
  return sum;
};
