import type { OutputReading } from './structure.ts';

/**
 * Texts that may each be one answer, the likeliest first; one alone is what nearly every answer
 * has.
 */
export type AnswerTexts = readonly [string | null, ...(string | null)[]];

/**
 * What an answer is under a schema, and which of its texts says so: the first that fits. Where none
 * fits, what is wrong with the likeliest.
 */
export interface TextReading {
  readonly reading: OutputReading;
  readonly text: string | null;
}

export const textsIn = ({
  outputText,
  texts,
}: {
  readonly outputText?: string | null;
  readonly texts?: readonly string[];
}): AnswerTexts => {
  if (texts === undefined) return [outputText ?? null];
  const [first, ...more] = texts;
  return first === undefined ? [null] : [first, ...more];
};

/**
 * Reads many answers, in their order. The second and further texts are read only of answers whose
 * first does not fit.
 */
export const readTexts = async (
  readAll: (texts: readonly (string | null)[]) => Promise<readonly OutputReading[]>,
  answers: readonly AnswerTexts[],
): Promise<readonly TextReading[]> => {
  const first = await readAll(answers.map(([text]) => text));
  const found = answers.map(([text], i): TextReading => ({
    reading: first[i] as OutputReading,
    text,
  }));
  for (let index = 1; ; index += 1) {
    const open = answers.flatMap((texts, i) =>
      found[i]?.reading.type === 'fault' && texts.length > index ? [i] : [],
    );
    if (open.length === 0) return found;
    const texts = open.map((i) => answers[i]?.[index] ?? null);
    const readings = await readAll(texts);
    open.forEach((i, n) => {
      const reading = readings[n] as OutputReading;
      if (reading.type === 'fits') found[i] = { reading, text: texts[n] ?? null };
    });
  }
};
