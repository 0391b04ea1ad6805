/** The dated snapshot of each alias, from OpenAI's model pages (2026-08). */
const snapshots: Readonly<Record<string, string>> = {
  'gpt-3.5-turbo': 'gpt-3.5-turbo-0125',
  'gpt-4': 'gpt-4-0613',
  'gpt-4-turbo': 'gpt-4-turbo-2024-04-09',
  'gpt-4o': 'gpt-4o-2024-08-06',
  'gpt-4o-mini': 'gpt-4o-mini-2024-07-18',
  'gpt-4.1': 'gpt-4.1-2025-04-14',
  'gpt-4.1-mini': 'gpt-4.1-mini-2025-04-14',
  'gpt-4.1-nano': 'gpt-4.1-nano-2025-04-14',
  'gpt-5': 'gpt-5-2025-08-07',
  'gpt-5-mini': 'gpt-5-mini-2025-08-07',
  'gpt-5-nano': 'gpt-5-nano-2025-08-07',
  'gpt-5.1': 'gpt-5.1-2025-11-13',
  o1: 'o1-2024-12-17',
  o3: 'o3-2025-04-16',
  'o3-mini': 'o3-mini-2025-01-31',
  'o4-mini': 'o4-mini-2025-04-16',
};

/** The dated snapshot of an alias; any other name is returned as it is. */
export const snapshotOf = (model: string): string =>
  Object.hasOwn(snapshots, model) ? (snapshots[model] ?? model) : model;

/** True for reasoning models: the o-series, gpt-5 and later, Gemini 2.5 and later. */
export const isReasoningModel = (model: string): boolean =>
  /^(?:o\d|gpt-[5-9]|gemini-(?:2\.5|[3-9]))/u.test(model);
