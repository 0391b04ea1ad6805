import { diceOf } from '../simulated/scenario.ts';
import { type CaseOptions, type CasePlayed, playCase } from './answer-case.ts';
import { fileMutations } from './file-mutations.ts';
import { hugeLines } from './huge-lines.ts';
import { lineMutations } from './line-mutations.ts';

export interface AnswerOptions {
  /** At least so many lines are mutated. */
  readonly lines: number;
  readonly seed: number;
  /** The most rows of a case; from a sixth of them. Default 3,000. */
  readonly rowsMax?: number;
  /** Lines of 50 MB and more, and batches of more lines than a slice: once. */
  readonly isWhole: boolean;
  readonly tell: (line: string) => void;
}

export interface AnswerFigures {
  readonly campaign: 'answers';
  readonly seed: number;
  readonly cases: number;
  readonly rows: number;
  readonly batches: number;
  readonly lines: number;
  readonly mutatedLines: number;
  readonly mutatedFiles: number;
  /** How many ways of mutating were met, of how many there are. */
  readonly ways: string;
  readonly completed: number;
  readonly failed: number;
  readonly retried: number;
  readonly malformed: number;
  readonly unknown: number;
  readonly duplicate: number;
  readonly pauses: number;
  readonly longestLineBytes: number;
  readonly seconds: number;
  readonly failures: readonly {
    readonly seed: number;
    readonly broken: string;
    readonly smallest: readonly string[];
  }[];
}

const caseOf = (seed: number, rowsMax: number): CaseOptions => {
  const dice = diceOf(seed ^ 0x5eed);
  const rowCount = dice.isDrawn(0.2)
    ? dice.between(1, 12)
    : dice.between(Math.ceil(rowsMax / 6), rowsMax);
  return {
    seed,
    rowCount,
    batchRows: Math.max(1, Math.ceil(rowCount / dice.between(1, 5))),
    endpoint: dice.oneOf(['responses', 'chat.completions'] as const),
    linesPercent: dice.oneOf([5, 40, 80]),
    filesPercent: dice.oneOf([0, 40]),
    only: null,
  };
};

/**
 * Cases one after the other, until so many lines were mutated; reduces a case that breaks a law,
 * then continues.
 */
export const answerCampaign = async ({
  lines,
  seed,
  rowsMax = 3_000,
  isWhole,
  tell,
}: AnswerOptions): Promise<AnswerFigures> => {
  const beganMs = performance.now();
  const played: CasePlayed[] = [];
  const ways = new Set<string>();
  const failures: { seed: number; broken: string; smallest: readonly string[] }[] = [];
  let mutated = 0;
  let longestLineBytes = 0;
  const play = async (options: CaseOptions): Promise<void> => {
    const one = await playCase(options);
    played.push({ ...one, done: [] });
    for (const { name, left } of one.done) {
      ways.add(name);
      if (left !== null) longestLineBytes = Math.max(longestLineBytes, left.length);
    }
    mutated += one.done.filter((done) => !done.key.endsWith(':file')).length;
    files += one.done.filter((done) => done.key.endsWith(':file')).length;
    for (const line of options.appended ?? [])
      longestLineBytes = Math.max(longestLineBytes, line.length);
    if (one.broken === null) return;
    const smallest = await shrunk(options, one);
    failures.push({ seed: options.seed, broken: one.broken, smallest });
    tell(
      `seed ${options.seed}: ${one.broken}\n  with ${smallest.join('\n  and ')}\n  repeat it: npx tsx spec/campaign/answers.ts --lines 1 --seed ${options.seed} --rows ${rowsMax}`,
    );
  };
  let files = 0;
  if (isWhole) {
    await play({
      ...caseOf(seed, rowsMax),
      seed,
      rowCount: 100,
      batchRows: 100,
      filesPercent: 0,
      appended: hugeLines(),
    });
    await play({
      ...caseOf(seed, rowsMax),
      seed,
      rowCount: 25_000,
      batchRows: 12_500,
      linesPercent: 10,
      filesPercent: 0,
    });
  }
  for (let next = seed; mutated < lines; next += 1) await play(caseOf(next, rowsMax));
  const sum = (of: (one: CasePlayed) => number): number =>
    played.reduce((total, one) => total + of(one), 0);
  return {
    campaign: 'answers',
    seed,
    cases: played.length,
    rows: sum((one) => one.completed + one.failed),
    batches: sum((one) => one.batches),
    lines: sum((one) => one.lines),
    mutatedLines: mutated,
    mutatedFiles: files,
    ways: `${ways.size} of ${new Set([...Object.keys(lineMutations), ...Object.keys(fileMutations)]).size}`,
    completed: sum((one) => one.completed),
    failed: sum((one) => one.failed),
    retried: sum((one) => one.retried),
    malformed: sum((one) => one.malformed),
    unknown: sum((one) => one.unknown),
    duplicate: sum((one) => one.duplicate),
    pauses: sum((one) => one.pauses),
    longestLineBytes,
    seconds: Math.round((performance.now() - beganMs) / 1000),
    failures,
  };
};

const playsMax = 40;
const shownChars = 500;
const shownPart = (text: string): string =>
  text.length <= 2 * shownChars
    ? text
    : `${text.slice(0, shownChars)} … ${text.slice(-shownChars)}`;

/**
 * The fewest mutations that still break a law, as far as halving finds them; the shortest first.
 */
const shrunk = async (options: CaseOptions, first: CasePlayed): Promise<readonly string[]> => {
  let last = first;
  let keys = first.done.map(({ key }) => key);
  let plays = 0;
  for (let pieces = 2; keys.length > 1 && plays < playsMax;) {
    const size = Math.ceil(keys.length / pieces);
    let isSmaller = false;
    for (let from = 0; from < keys.length && plays < playsMax && !isSmaller; from += size) {
      const without = keys.filter((_, keyIndex) => keyIndex < from || keyIndex >= from + size);
      plays += 1;
      const again = await playCase({ ...options, only: new Set(without) });
      if (again.broken === null) continue;
      [last, keys, isSmaller] = [again, without, true];
    }
    if (isSmaller) pieces = Math.max(2, pieces - 1);
    else if (size === 1) break;
    else pieces = Math.min(keys.length, pieces * 2);
  }
  const shown = last.done
    .toSorted((a, b) => (a.left?.length ?? 0) - (b.left?.length ?? 0))
    .slice(0, 3);
  return shown.map(
    ({ key, name, left }) =>
      `${name} (${key}): ${JSON.stringify(shownPart(left?.toString('utf8') ?? ''))}`,
  );
};
