/** A repeatable random generator as plain data, so that a copied world draws the same numbers. */
export interface Dice {
  state: number;
}

export const diceOf = (seed: number): Dice => ({ state: seed | 0 });

/** The next number in [0, 1): one step of mulberry32. */
export const roll = (dice: Dice): number => {
  dice.state = (dice.state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(dice.state ^ (dice.state >>> 15), 1 | dice.state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
};

/** A whole number in [0, bound). */
export const below = (dice: Dice, bound: number): number => Math.floor(roll(dice) * bound);
/** A whole number in [from, to]. */
export const between = (dice: Dice, from: number, to: number): number =>
  from + below(dice, to - from + 1);
export const withProbability = (dice: Dice, probability: number): boolean =>
  roll(dice) < probability;

/** One of them; there must be one. */
export const oneOf = <T>(dice: Dice, choices: readonly T[]): T => {
  const choice = choices[below(dice, choices.length)];
  if (choice === undefined) throw new Error('nothing to choose from');
  return choice;
};

/** One of the names, as often as its weight says. */
export const weighted = <Name extends string>(
  dice: Dice,
  weights: Readonly<Record<Name, number>>,
): Name => {
  const names = Object.keys(weights) as Name[];
  let left = roll(dice) * names.reduce((sum, name) => sum + weights[name], 0);
  for (const name of names) {
    left -= weights[name];
    if (left < 0) return name;
  }
  return oneOf(dice, names);
};
