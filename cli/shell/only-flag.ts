import { type FailureClass, failureClasses, isFailureClass } from '../../lib/core/values/failure.ts';
import { CliFailure } from './failure.ts';

/** `--only`: one of the words, or failure classes with commas between them. */
export const onlyOf = <const Word extends string>(text: string, words: readonly Word[]): Word | readonly FailureClass[] => {
  const word = words.find((each) => each === text);
  if (word !== undefined) return word;
  return text.split(',').map((name) => {
    if (isFailureClass(name)) return name;
    throw new CliFailure(`--only ${JSON.stringify(text)}: ${JSON.stringify(name)} is no failure class`, {
      hint: `Say ${words.join(', ')}, or classes with commas between them: ${failureClasses.join(', ')}`,
    });
  });
};
