/** Removes secrets from a text. */
export type Scrub = (text: string) => string;

const hidden = '[secret]';
/** Shorter ones are placeholders such as `unused`; taking them out would only garble messages. */
const secretCharsMin = 8;
const messageCharsMax = 600;

/** What keys and tokens look like, for those that nobody told us: a client of the user's own may hold any. */
const shapes = [/\bsk-[A-Za-z0-9_*-]{8,}/gu, /\bBearer\s+[^\s"',;]+/giu, /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/gu, /\/\/[^\s/@]+@/gu];

/** A scrub for a connection that holds these secrets. What comes out is also bounded: a proxy's HTML page is no message. */
export const createScrub = (secrets: readonly (string | undefined)[]): Scrub => {
  const known = [...new Set(secrets.filter((secret): secret is string => secret !== undefined && secret.length >= secretCharsMin))]
    .flatMap((secret) => [secret, new URLSearchParams([['', secret]]).toString().slice(1), JSON.stringify(secret).slice(1, -1)])
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const secret of known) clean = clean.replaceAll(secret, hidden);
    for (const shape of shapes) clean = clean.replaceAll(shape, hidden);
    return clean.length <= messageCharsMax ? clean : `${clean.slice(0, messageCharsMax)}…`;
  };
};
