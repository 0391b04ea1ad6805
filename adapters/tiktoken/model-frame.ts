/** The tokens that the service bills in addition to a request's text, around messages. */
export interface Frame {
  readonly tokensPerMessage: number;
  readonly tokensPerRequest: number;
  /**
   * False: no bills of this model were compared with counts. Its tokens are estimated with the
   * largest frame.
   */
  readonly isKnown: boolean;
}

/**
 * OpenAI's cookbook, "How to count tokens", 2024: exact in public result files for gpt-3.5, 4,
 * 4-turbo, 4o and 4.1.
 */
const cookbook: Frame = { tokensPerMessage: 4, tokensPerRequest: 3, isKnown: true };

const named = (less: number, names: readonly string[]): readonly (readonly [string, number])[] =>
  names.map((name) => [name, less]);

/**
 * Models that bill fewer tokens per request, and how many fewer; from result files of 2025 and
 * 2026. By full names: a name that only begins like one of these is another model
 * (`gpt-4o-search-preview` bills its search results) and may count differently.
 */
const lessByName: ReadonlyMap<string, number> = new Map([
  ...named(0, [
    'gpt-3.5-turbo',
    'gpt-3.5-turbo-16k',
    'gpt-3.5-turbo-instruct',
    'gpt-35-turbo',
    'gpt-35-turbo-16k',
  ]),
  ...named(0, [
    'gpt-4',
    'gpt-4-32k',
    'gpt-4-turbo',
    'gpt-4-turbo-preview',
    'gpt-4-0125-preview',
    'gpt-4-1106-preview',
  ]),
  ...named(0, ['gpt-4o', 'gpt-4o-mini', 'gpt-4.1', 'gpt-4.1-mini', 'gpt-4.1-nano']),
  ...named(1, ['gpt-5', 'gpt-5-mini', 'gpt-5-nano', 'gpt-5.1', 'o1', 'o3', 'o4-mini']),
  ...named(3, ['o3-mini']),
  ...named(0, [
    'text-embedding-3-small',
    'text-embedding-3-large',
    'text-embedding-ada-002',
    'davinci-002',
    'babbage-002',
  ]),
]);

/**
 * The date of a snapshot, as OpenAI writes it since 2024 (`-2025-04-14`), and before that
 * (`-0613`), when gpt-4 was the newest model.
 */
const day = /-20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/u;
const oldDay =
  /^(gpt-3\.?5-turbo(?:-16k|-instruct)?|gpt-4(?:-32k)?)-(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/u;
/** `ft:BASE:organisation:name:id`. */
const fineTuned = /^ft:([^:]+):/u;

/**
 * The frame of a model, found by its full name or a dated form of it; a fine-tuned one
 * (`ft:gpt-4o:…`) has that of its base.
 */
export const frameOf = (model: string): Frame => {
  const base = fineTuned.exec(model)?.[1] ?? model;
  const less =
    lessByName.get(base) ??
    lessByName.get(base.replace(day, '')) ??
    lessByName.get(oldDay.exec(base)?.[1] ?? '');
  if (less === undefined) return { ...cookbook, isKnown: false };
  return { ...cookbook, tokensPerRequest: cookbook.tokensPerRequest - less };
};
