import {
  type FailureClass,
  failureClasses,
  isFailureClass,
} from '../../lib/core/values/failure.ts';
import { CliFailure } from './failure.ts';

/** `--only`: one of the choices, or failure classes separated by commas. */
export const onlyOf = <const Choice extends string>(
  text: string,
  choices: readonly Choice[],
): Choice | readonly FailureClass[] => {
  const chosen = choices.find((each) => each === text);
  if (chosen !== undefined) return chosen;
  return text.split(',').map((name) => {
    if (isFailureClass(name)) return name;
    throw new CliFailure(
      `--only ${JSON.stringify(text)}: ${JSON.stringify(name)} is not a failure class`,
      {
        hint: `Give ${choices.join(', ')}, or classes separated by commas: ${failureClasses.join(', ')}`,
      },
    );
  });
};
