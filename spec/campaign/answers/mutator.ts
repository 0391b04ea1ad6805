import { hashText } from '../../../lib/sim/index.ts';
import { diceOf } from '../simulated/scenario.ts';
import { fileMutations } from './file-mutations.ts';
import { lineMutations } from './line-mutations.ts';

/** One mutation that was done: where, which, and what it left of the line. */
export interface Done {
  /** Names the line, whatever else is mutated. */
  readonly key: string;
  readonly name: string;
  /** The bytes that replace the line; null for those of whole files. */
  readonly left: Buffer | null;
}

export interface MutatorOptions {
  readonly seed: number;
  /** Of a hundred lines, so many are mutated. */
  readonly linesPercent: number;
  readonly filesPercent: number;
  /** Only these; null: all that are drawn. */
  readonly only: ReadonlySet<string> | null;
}

export interface Mutator {
  /**
   * The file as it is delivered: equal for equal names and bytes. `sibling`: the batch's other
   * file.
   */
  mutate(name: string, file: Buffer, sibling: Buffer): Buffer;
  readonly done: readonly Done[];
}

const names = Object.keys(lineMutations);
const fileNames = Object.keys(fileMutations);
const textLines = (file: Buffer): readonly string[] =>
  file
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');

/**
 * Each line draws from its own seed, so that a failing case does not change while other mutations
 * are removed.
 */
export const createMutator = ({
  seed,
  linesPercent,
  filesPercent,
  only,
}: MutatorOptions): Mutator => {
  const done: Done[] = [];
  const isWanted = (key: string): boolean => only === null || only.has(key);
  return {
    done,
    mutate(file, bytes, sibling) {
      const lines = textLines(bytes);
      const pieces: Buffer[] = [];
      for (const [lineIndex, line] of lines.entries()) {
        const key = `${file}:${lineIndex}`;
        const dice = diceOf(hashText(key, seed));
        const name = dice.oneOf(names);
        if (!dice.isDrawn(linesPercent / 100) || !isWanted(key)) {
          pieces.push(Buffer.from(`${line}\n`));
          continue;
        }
        const left = lineMutations[name]?.(line, dice, dice.oneOf(lines)) ?? null;
        done.push({ key, name, left });
        if (left !== null) pieces.push(left, Buffer.from('\n'));
      }
      const whole = Buffer.concat(pieces);
      const key = `${file}:file`;
      const dice = diceOf(hashText(key, seed));
      const name = dice.oneOf(fileNames);
      if (!dice.isDrawn(filesPercent / 100) || !isWanted(key)) return whole;
      done.push({ key, name, left: null });
      return fileMutations[name]?.(whole, dice, textLines(sibling)) ?? whole;
    },
  };
};
