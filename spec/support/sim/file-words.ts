/**
 * What services say of an input file that they have, and cannot use yet: reports of Azure, LiteLLM
 * and others, 2025 and 2026.
 */
export const notProcessedWords: readonly string[] = [
  'File not processed yet',
  'The file is still being processed. Please retry.',
  'Input file is not in a valid state: its status is pending.',
];

/** And of one that their creates do not see yet. */
export const notFoundWords: readonly string[] = [
  'cannot find file',
  'Input file not found.',
  'The file does not exist.',
];
