/** An encoding that tiktoken has. */
export type EncodingName = 'o200k_base' | 'cl100k_base';

/**
 * Encodings by model prefix; the longest prefix wins. tiktoken 1.0.22 only knows full model names,
 * and throws for others (gpt-5.1 and later, fine-tuned ones). Models not listed here are newer:
 * o200k_base.
 */
const byPrefix: Readonly<Record<string, EncodingName>> = {
  'gpt-3.5': 'cl100k_base',
  'gpt-35': 'cl100k_base',
  'gpt-4': 'cl100k_base',
  'gpt-4o': 'o200k_base',
  'gpt-4.': 'o200k_base',
  'text-embedding-': 'cl100k_base',
  'text-moderation-': 'cl100k_base',
  'davinci-002': 'cl100k_base',
  'babbage-002': 'cl100k_base',
};

/**
 * The encoding of a model; a fine-tuned one (`ft:gpt-4o:…`) has that of its base. `ownPrefixes` win
 * over the table.
 */
export const encodingOf = (
  model: string,
  ownPrefixes: Readonly<Record<string, EncodingName>> = {},
): EncodingName =>
  longestPrefix(ownPrefixes, model) ??
  longestPrefix(byPrefix, model.replace(/^ft:/u, '')) ??
  'o200k_base';

const longestPrefix = (
  table: Readonly<Record<string, EncodingName>>,
  model: string,
): EncodingName | null => {
  let best: string | null = null;
  for (const prefix of Object.keys(table))
    if (model.startsWith(prefix) && prefix.length > (best?.length ?? -1)) best = prefix;
  return best === null ? null : (table[best] ?? null);
};
