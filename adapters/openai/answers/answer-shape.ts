import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { TokenUsage } from '../../../lib/core/values/usage.ts';
import { type AnswerReader, isText, usageOf } from './answer-reader.ts';
import { type JsonLeaf, jsonLeaves } from './json-leaves.ts';

/**
 * Lines of a batch are mostly of one shape: learned from the first of them, it reads the others
 * without parsing them.
 */
export interface UsualAnswers {
  /**
   * What an accepted line says; null for a line of no shape that is known, which is then parsed
   * whole.
   */
  read(line: string): ShapedAnswer | null;
  /** Takes note of a line that was parsed whole and accepted. */
  learn(line: string, customId: string, body: JsonObject): void;
}

const shapesMax = 4;
/** Learning costs more than parsing; where no two lines are alike it is given up. */
const lessonsMax = 64;

/** A spec compares its answers with those of the full parser. */
export const createUsualAnswers = (reader: AnswerReader): UsualAnswers => {
  const shapes: AnswerShape[] = [];
  let lessons = 0;
  return {
    read(line) {
      for (const shape of shapes) {
        const answer = readShaped(shape, line);
        if (answer !== null) return answer;
      }
      return null;
    },
    learn(line, customId, body) {
      if (shapes.length === shapesMax || lessons === lessonsMax) return;
      lessons += 1;
      try {
        const shape = shapeOf(line, customId, body, reader);
        if (shape !== null) shapes.push(shape);
      } catch {
        // A pattern that the engine will not have. The line was read without one, and so are the
        // others like it.
      }
    },
  };
};

/**
 * The shape of one accepted answer: a pattern that is the line's own text, with gaps for those
 * strings and whole numbers that may differ from line to line (ids, times, counts, the words). A
 * line that matches is valid JSON and says the same of its row as the answer that was learned from:
 * status, types, errors and refusals are never gaps. Matching takes an eighth of parsing
 * (docs/decisions/0014), and is linear in the length of any line.
 */
export interface AnswerShape {
  readonly pattern: RegExp;
  /** Which group of the pattern holds what; 0: the count is not told, which is 0. */
  readonly groups: { readonly customId: number; readonly words: number } & {
    readonly [K in keyof TokenUsage]: number;
  };
  readonly tellsUsage: boolean;
  /** The same in every line of the shape. */
  readonly finishReason: string | null;
}

/** What a line of a shape says. */
export interface ShapedAnswer {
  readonly customId: string;
  /** The words as they stand in the line: a JSON string, whose parsing also lets go of the line. */
  readonly quotedWords: string;
  readonly finishReason: string | null;
  readonly usage: TokenUsage | null;
}

const learnedCharsMax = 64 * 1024;
/** The engine refuses patterns that are too large, and no answer of words has as many. */
const gapsMax = 128;
/** A pattern's stack grows with the escapes of a string; longer lines are few, and parsed. */
const matchedCharsMax = 1024 * 1024;

/**
 * Strings and numbers that decide nothing: what names an answer, what the request said of itself,
 * what a model thought, and which machines answered (`system_fingerprint`: five to eight within one
 * batch of gpt-4o in real traffic, 2026).
 */
const idleString = new RegExp(
  `^(id|response\\.request_id|response\\.body\\.(${[
    'id|system_fingerprint|x_groq\\.id',
    'instructions|prompt_cache_key|safety_identifier|user|metadata\\..*',
    'output\\.\\d+\\.(id|encrypted_content|summary\\.\\d+\\.text)',
    'choices\\.0\\.message\\.(reasoning|reasoning_content)',
  ].join('|')}))$`,
);
const idleNumber = /^response\.body\.(created|created_at|completed_at|choices\.0\.seed|usage\..*)$/;

const whole = '0|[1-9][0-9]{0,14}';
const isWhole = new RegExp(`^(?:${whole})$`);
/** Any number of JSON: seconds and costs among the counts have fractions. */
const number = '-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?';
const plain = '[^"\\\\\\x00-\\x1f]*';
// Unrolled, so that there is one way to match a string and failing is as quick as matching.
const string = `"${plain}(?:\\\\(?:["\\\\/bfnrt]|u[0-9a-fA-F]{4})${plain})*"`;

/**
 * What lines like this one look like; null when the answer is not words alone, or has a shape of
 * which that cannot be said.
 */
export const shapeOf = (
  line: string,
  customId: string,
  body: JsonObject,
  reader: AnswerReader,
): AnswerShape | null => {
  const { wordsPath } = reader;
  if (wordsPath === null || line.length > learnedCharsMax) return null;
  const leaves = jsonLeaves(line);
  if (leaves === null) return null;
  const usage = usageOf(body);
  const counts = usage === null ? [] : usagePaths(body['usage'] as JsonObject);
  const spoken = leaves.filter(({ path, kind }) => kind === 'string' && wordsPath.test(path));
  const { outputText: text, texts, output, finishReason, toolCalls } = reader.contentOf(body);
  // Several parts are several texts to join, one that is not read is none, and of more than text a
  // line says more than its text.
  if (
    spoken.length !== 1 ||
    text === null ||
    output !== text ||
    texts !== undefined ||
    toolCalls !== null
  )
    return null;
  const read = ['custom_id', spoken[0]?.path ?? '', ...counts];
  const isGap = ({ path, kind, from, to }: JsonLeaf): boolean =>
    kind === 'number'
      ? counts.includes(path)
        ? isWhole.test(line.slice(from, to))
        : idleNumber.test(path)
      : path === 'custom_id' || wordsPath.test(path) || idleString.test(path);
  if (leaves.filter(isGap).length > gapsMax) return null;
  const groups = new Map<string, number>();
  let source = '';
  let end = 0;
  for (const leaf of leaves) {
    if (!isGap(leaf)) continue;
    const gap = leaf.kind === 'string' ? string : counts.includes(leaf.path) ? whole : number;
    const isRead = read.includes(leaf.path);
    if (isRead) groups.set(leaf.path, groups.size + 1);
    source += `${literal(line.slice(end, leaf.from))}${isRead ? '(' : '(?:'}${gap})`;
    end = leaf.to;
  }
  const groupOf = (index: number): number => groups.get(read[index] ?? '') ?? 0;
  const shape: AnswerShape = {
    pattern: new RegExp(`^${source}${literal(line.slice(end))}$`),
    groups: {
      customId: groupOf(0),
      words: groupOf(1),
      inputTokens: groupOf(2),
      cachedInputTokens: groupOf(3),
      outputTokens: groupOf(4),
      reasoningTokens: groupOf(5),
    },
    tellsUsage: usage !== null,
    finishReason,
  };
  // The line that was learned from must read as it was parsed: what lies in no gap is the same in
  // every line of the shape.
  const answer = readShaped(shape, line);
  const isSame =
    answer !== null &&
    answer.customId === customId &&
    JSON.parse(answer.quotedWords) === text &&
    JSON.stringify(answer.usage) === JSON.stringify(usage);
  return isSame ? shape : null;
};

/** The same spellings, in the same order, as `usageOf` reads. */
const usagePaths = (usage: JsonObject): readonly string[] => {
  const pick = (one: string, other: string): string =>
    `response.body.usage.${(usage[one] ?? null) === null ? other : one}`;
  return [
    pick('input_tokens', 'prompt_tokens'),
    `${pick('input_tokens_details', 'prompt_tokens_details')}.cached_tokens`,
    pick('output_tokens', 'completion_tokens'),
    `${pick('output_tokens_details', 'completion_tokens_details')}.reasoning_tokens`,
  ];
};

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/**
 * What the line says if it has this shape; null for any other line, and for one without text: the
 * whole parse says what that is.
 */
export const readShaped = (
  { pattern, groups, tellsUsage, finishReason }: AnswerShape,
  line: string,
): ShapedAnswer | null => {
  const found = line.length > matchedCharsMax ? null : pattern.exec(line);
  if (found === null || !holdsText(found[groups.words] as string)) return null;
  const count = (group: number): number => (group === 0 ? 0 : Number(found[group]));
  return {
    customId: stringIn(found[groups.customId] as string),
    quotedWords: found[groups.words] as string,
    finishReason,
    usage: tellsUsage
      ? {
          inputTokens: count(groups.inputTokens),
          cachedInputTokens: count(groups.cachedInputTokens),
          outputTokens: count(groups.outputTokens),
          reasoningTokens: count(groups.reasoningTokens),
        }
      : null,
  };
};

/** The value of a JSON string, which is known to be one. */
const stringIn = (quoted: string): string =>
  quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);

/**
 * True for a JSON string with something to be seen in it; decided by its first character, unless
 * that is escaped.
 */
const holdsText = (quoted: string): boolean => {
  const first = /^"[\s\p{Cc}\p{DI}]*(.)/su.exec(quoted)?.[1];
  return first === '\\' ? isText(JSON.parse(quoted) as string) : first !== '"';
};
