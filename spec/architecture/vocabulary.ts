/** A term of the project's old private vocabulary, and what to write in its place. */
export interface Term {
  readonly name: string;
  readonly write: string;
  /** Matches text whose identifiers were split into words (`plainText`). */
  readonly pattern: RegExp;
  /** A sentence or an identifier that has the term. */
  readonly planted: string;
}

const term = (name: string, write: string, pattern: string, planted: string): Term => ({
  name,
  write,
  pattern: new RegExp(`\\b(?:${pattern})\\b`, 'giu'),
  planted,
});

/**
 * Not counted, although their use is limited: *fault*, *refusal*, *damage*, *problem*, *place* and
 * *index*. They are standard in one sense each (fault injection, a model's refusal, a damaged
 * file), which a pattern cannot tell from the others.
 */
export const TERMS: readonly Term[] = [
  term(
    'somebody',
    'you, another process, an operator',
    'somebody|nobody|whoever|anybody|everybody',
    'const nobodyKnows = true;',
  ),
  term(
    'word',
    'request, command',
    'told|wish|wishes|sworn|(?:whose|operator s) word|batch words?',
    'recorded onWhoseWord the batch exists',
  ),
  term('unclear', 'unconfirmed create', 'unclear|doubts?|doubtful|in doubt', 'createUnclear'),
  term('litter', 'input files to delete', 'litters?', 'the litter of a batch'),
  term('stray', 'duplicate batch', 'strays?', 'liveStrays'),
  term('sweep', 'reconcile, list', 'sweeps?|swept', 'sweepBatches'),
  term(
    'look',
    'check, read, poll, search',
    'look(?:s|ed|ing)? (?:for|again|at|once|whether)',
    'the batch is looked for',
  ),
  term('owed', 'pending', 'owed|debts?', 'what is owed to the world'),
  term('trouble', 'warning', 'troubles?', 'each trouble is a line'),
  term(
    'give back',
    'release, return',
    'g(?:ives?|ave|iven|iving) (?:it |them |its runs |their runs )?back',
    'gives its runs back',
  ),
  term('lapse', 'expire', 'lapse[sd]?', 'the lease lapses'),
  term('weather', 'transient failure', 'weather', "the provider's weather"),
  term('chance', 'random, seed', 'chances?', 'crashes by chance'),
  term('scene', 'context, observer', 'scenes?|onlookers?', 'sceneOf'),
  term(
    'shelf',
    'segment, session, dispatcher, queue',
    'shelf|shelves|seats?|desks?|keepers?|lanes?|boards?|pieces?',
    'const shelfOf = 1;',
  ),
  term('taken in', 'accepted', 'taken in(?! order)', 'once the batch is taken in'),
  term('room', 'remaining capacity', 'rooms?', 'waiting for room'),
  term('go on', 'continue, resume', 'go(?:es|ing|ne)? on(?! disk)|went on', 'the run goes on'),
  term('defect', 'unusable line, error', 'defects?', 'lineDefects'),
  term('mend', 'fix, correct', 'mend(?:s|ed|ing|able)?', 'mend the row'),
];

/**
 * Text as counted: identifiers are split into words (`onWhoseWord`, `batch_stray`, `look-up`),
 * typographic apostrophes dropped.
 */
export const plainText = (text: string): string =>
  text.replace(/(?<=[a-z0-9])(?=[A-Z])/gu, ' ').replace(/[_\-'’]/gu, ' ');

/**
 * Prose of a document: names in code stand where they are defined, and are counted there. Lines
 * keep their numbers.
 */
export const proseOf = (markdown: string): string =>
  markdown
    .replace(/^```.*?^```/gmsu, (block) => '\n'.repeat(block.split('\n').length - 1))
    .replace(/<!--.*?-->/gsu, (comment) => '\n'.repeat(comment.split('\n').length - 1))
    .replace(/`[^`\n]*`/gu, '')
    .replace(/\]\([^)\n]*\)/gu, ']');

/** How often each term stands in the text, those that do not left out, each with the lines. */
export const termsIn = (text: string): ReadonlyMap<string, readonly number[]> => {
  const found = new Map<string, number[]>();
  plainText(text)
    .split('\n')
    .forEach((line, at) => {
      for (const { name, pattern } of TERMS)
        for (const _ of line.matchAll(pattern))
          found.set(name, [...(found.get(name) ?? []), at + 1]);
    });
  return found;
};
