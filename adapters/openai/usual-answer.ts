import { isJsonObject, type JsonValue } from '../../lib/core/json.ts';
import type { LineContent } from '../../lib/ports/provider.ts';
import { usageOf } from './answer-usage.ts';

/** How the service writes the one part of a text answer (a response's `output_text`, as of 2026-11). */
const partOpens = ['{"type":"output_text","annotations":[],"logprobs":[],"text":', '{"type":"output_text","annotations":[],"text":'];
const usageOpens = '"usage":{';

/**
 * The words and the usage of a line that settlement has parsed and accepted, when it has the usual shape: exactly one text part,
 * written as the service writes it, and one usage. Null for any other line, which is then parsed whole. An unescaped quote cannot
 * stand inside a JSON string, so what is found between quotes is structure, never somebody's words. A spec holds it against the
 * whole parse.
 */
export const usualAnswer = (line: string): LineContent | null => {
  const text = wordsOf(line);
  if (text === null) return null;
  const usageAt = line.indexOf(usageOpens);
  if (usageAt < 0 || line.indexOf(usageOpens, usageAt + 1) >= 0) return null;
  const usage = parse(closedObject(line, usageAt + usageOpens.length - 1));
  return isJsonObject(usage) ? { outputText: text, output: text, usage: usageOf({ usage }), error: null } : null;
};

const wordsOf = (line: string): string | null => {
  const typeAt = line.indexOf('"output_text"');
  // Several parts are several words to join, in an order that only the whole parse knows.
  if (typeAt < 0 || line.indexOf('"output_text"', typeAt + 1) >= 0) return null;
  const partAt = typeAt - '{"type":'.length;
  const opening = partOpens.find((open) => line.startsWith(open, partAt));
  if (opening === undefined) return null;
  const from = partAt + opening.length;
  const to = endOfString(line, from);
  const text = to === null ? null : parse(line.slice(from, to));
  return typeof text === 'string' ? text : null;
};

/** Behind the closing quote of the JSON string that opens at `from`; null when none opens there, or it does not close. */
const endOfString = (line: string, from: number): number | null => {
  if (line[from] !== '"') return null;
  for (let quote = line.indexOf('"', from + 1); quote >= 0; quote = line.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (line[quote - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return null;
};

/** The text of an object that holds numbers and such objects: braces are counted. */
const closedObject = (line: string, from: number): string => {
  let depth = 0;
  for (let at = from; at < line.length; at += 1) {
    if (line[at] === '{') depth += 1;
    else if (line[at] === '}' && (depth -= 1) === 0) return line.slice(from, at + 1);
  }
  return '';
};

const parse = (text: string): JsonValue | undefined => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
};
