import { CliFailure } from './failure.ts';

/** A column of the results, and its name in the output. */
export interface ChosenColumn {
  readonly name: string;
  readonly column: string;
}

/**
 * `--columns a,b --columns name=c`: which columns, in which order, under which names. Null where
 * the flag is absent.
 */
export const chosenColumnsOf = (values: readonly string[]): readonly ChosenColumn[] | null => {
  if (values.length === 0) return null;
  const chosen = values
    .flatMap((value) => value.split(','))
    .map((text): ChosenColumn => {
      const at = text.indexOf('=');
      const [name, column] =
        at < 0 ? [text.trim(), text.trim()] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
      if (name === '' || column === '')
        throw new CliFailure(
          `--columns ${JSON.stringify(text)}: must be a column, or name=column`,
          {
            hint: 'For example: --columns item_id,answer=output_text,cost_usd',
          },
        );
      return { name, column };
    });
  const twice = chosen.find(
    ({ name }, at) => chosen.findIndex((other) => other.name === name) !== at,
  );
  if (twice !== undefined)
    throw new CliFailure(`--columns: two columns are called ${JSON.stringify(twice.name)}`, {
      hint: `Give one of them another name: --columns my_name=${twice.column}`,
    });
  return chosen;
};

const prefix = 'batchor_';

/**
 * The same columns beside others whose names are taken: those that clash get a prefix, and a number
 * where that is taken too.
 */
export const besideTaken = (
  chosen: readonly ChosenColumn[],
  taken: readonly string[],
): readonly ChosenColumn[] => {
  const names = new Set(taken);
  return chosen.map(({ name, column }) => {
    let free = names.has(name) ? `${prefix}${name}` : name;
    for (let number = 2; names.has(free); number += 1) free = `${prefix}${name}_${number}`;
    names.add(free);
    return { name: free, column };
  });
};
