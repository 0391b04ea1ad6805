/** Many texts in one. A thread message copies each text separately, and one long text at once. */
export interface PackedTexts {
  readonly text: string;
  /** The end of each text, in UTF-16 units. */
  readonly ends: Uint32Array;
}

export const packTexts = (texts: readonly string[]): PackedTexts => {
  const ends = new Uint32Array(texts.length);
  let end = 0;
  for (let i = 0; i < texts.length; i += 1) {
    end += (texts[i] as string).length;
    ends[i] = end;
  }
  return { text: texts.join(''), ends };
};

export const unpackTexts = ({ text, ends }: PackedTexts): readonly string[] => {
  const texts = new Array<string>(ends.length);
  let start = 0;
  for (let i = 0; i < ends.length; i += 1) {
    const end = ends[i] as number;
    texts[i] = text.slice(start, end);
    start = end;
  }
  return texts;
};
