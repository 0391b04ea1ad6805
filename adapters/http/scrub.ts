import type { PortError } from '../../lib/ports/port-error.ts';
import { isJsonObject, type JsonValue } from '../../lib/core/json/json.ts';
import type { LineContent } from '../../lib/ports/provider.ts';

/**
 * Makes a text of the other side fit to be stored and shown: no secret, no control character, no
 * longer than a message.
 */
export type Scrub = (text: string) => string;

/** Takes secrets out of a text. */
type Hide = (text: string) => string;

const mask = '[secret]';
/** Shorter ones are placeholders such as `unused`; taking them out would only garble messages. */
const secretCharsMin = 8;
const messageCharsMax = 600;
/** What is read of a text at all. Behind the first of it no message is to be found. */
const textCharsMax = 65_536;

/**
 * What keys and tokens look like, for those that we do not hold: a client of the user's own may
 * hold any.
 */
const shapes = [
  /\bsk-[A-Za-z0-9_*-]{8,}/gu,
  /\bAIza[\w-]{20,}/gu,
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/gu,
  /\/\/[^\s/@]+@/gu,
];

/**
 * What carries a secret, by name. What follows may also be a word of an explanation: "using Bearer
 * auth", "Authorization: Bearer YOUR_KEY".
 */
const carriers =
  /\b((?:authorization|api-key|x-api-key|x-goog-api-key)["']?\s*[:=]\s*["']?(?:(?:Bearer|Basic)\s+)?|(?:Bearer|Basic)\s+)([^\s"',;]+)/giu;
/** Placeholders, in capitals or brackets; behind a scheme alone also words. */
const placeholder = /^\(?(?:[A-Z_]{1,30}|[<{[$][\w\s{}<>$\]-]{0,40})[.):!?]{0,3}$/u;
const plain = /^\(?(?:[A-Za-z]?[a-z]{0,19}|[A-Z_]{1,30}|[<{[$][\w\s{}<>$\]-]{0,40})[.):!?]{0,3}$/u;
const isScheme = (before: string): boolean => /^(?:Bearer|Basic)\s/iu.test(before);

const escape = '\u001b';
/** What a terminal obeys: sequences that begin with an escape character. */
const sequences = new RegExp(
  `${escape}(?:\\[[0-?]*[ -/]*[@-~]|[\\]PX^_][^\\u0007${escape}]*(?:\\u0007|${escape}\\\\)?|[ -/]*[0-~])`,
  'gu',
);
/** Breaks of lines are blanks in a message of one line. */
const breaks = /[\t\n\v\f\r\u0085\u2028\u2029]+/gu;
/** Control characters, marks that turn or hide what is read, and halves of characters. */
const unseen =
  /[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]/gu;

/** A scrub for a connection that holds these secrets. */
export const createScrub = (secrets: readonly (string | undefined)[]): Scrub => {
  const hide = createHide(secrets);
  return (text) => {
    const head = text.slice(0, textCharsMax);
    let clean = hide(head.replaceAll(sequences, '').replaceAll(breaks, ' ').replaceAll(unseen, ''));
    for (const shape of shapes) clean = clean.replaceAll(shape, mask);
    clean = clean.replaceAll(carriers, (all, before: string, token: string) =>
      (isScheme(before) ? plain : placeholder).test(token) ? all : `${before}${mask}`,
    );
    return clean.length <= messageCharsMax ? clean : `${clean.slice(0, messageCharsMax)}…`;
  };
};

const createHide = (secrets: readonly (string | undefined)[]): Hide => {
  const known = [
    ...new Set(
      secrets.filter(
        (secret): secret is string => secret !== undefined && secret.length >= secretCharsMin,
      ),
    ),
  ]
    .flatMap((secret) => [
      secret,
      new URLSearchParams([['', secret]]).toString().slice(1),
      JSON.stringify(secret).slice(1, -1),
    ])
    .sort((a, b) => b.length - a.length);
  return (text) => known.reduce((clean, secret) => clean.replaceAll(secret, mask), text);
};

/** What a connection takes out of the words of its provider, wherever they enter. */
export interface Scrubbing {
  readonly scrub: Scrub;
  /**
   * Only the secrets that the connection holds: for values that are to stay as they are otherwise.
   */
  readonly hide: Hide;
}

/** For what comes from no connection. */
export const noSecrets: Scrubbing = { scrub: createScrub([]), hide: createHide([]) };

/** The scrub of a connection whose secrets may change: its key may be set only later. */
export const createScrubbing = (secretsOf: () => readonly string[]): Scrubbing => {
  let key = '';
  let made: Scrubbing | null = null;
  const current = (): Scrubbing => {
    const secrets = secretsOf();
    const now = secrets.join('\n');
    if (made === null || now !== key)
      made = { scrub: createScrub(secrets), hide: createHide(secrets) };
    key = now;
    return made;
  };
  return { scrub: (text) => current().scrub(text), hide: (text) => current().hide(text) };
};

/**
 * The error as it may be stored and shown: every text in it is scrubbed. All errors of the adapter
 * leave through here.
 */
export const scrubError = (error: PortError, scrub: Scrub): PortError => {
  const texts = Object.entries(error).map(([key, value]): [string, unknown] => [
    key,
    key === 'type' ? value : scrubbed(value, scrub),
  ]);
  return Object.fromEntries(texts) as unknown as PortError;
};

const scrubbed = (value: unknown, scrub: Scrub): unknown => {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map((each) => scrubbed(each, scrub));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, scrubbed(each, scrub)]),
  );
};

/**
 * The content of a line, the words of its error fit to be shown. The error's own object and the
 * whole body stay as they came, without the secrets of the connection.
 */
export const scrubContent = (content: LineContent, { scrub, hide }: Scrubbing): LineContent => {
  const { error, response } = content;
  const whole = response === undefined ? {} : { response: hidden(response, hide) };
  return error === null
    ? { ...content, ...whole }
    : {
        ...content,
        ...whole,
        error: { message: scrub(error.message), raw: hidden(error.raw, hide) },
      };
};

/** Values so deep that they cannot be written again are not among those that a reader gives. */
const hidden = (value: JsonValue, hide: Scrubbing['hide']): JsonValue => {
  if (typeof value === 'string') return hide(value);
  if (Array.isArray(value))
    return (value as readonly JsonValue[]).map((each) => hidden(each, hide));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [hide(key), hidden(each ?? null, hide)]),
  );
};
