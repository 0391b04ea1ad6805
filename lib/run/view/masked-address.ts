/** Replaces a secret. */
const mask = '…';

/** Possible addresses: no space, no quote. */
const tokens = /[^\s'"]+/gu;
/** Precedes a password: scheme and user, or a scheme alone. Matches the end of a long scheme. */
const userInfo = /[a-z][a-z\d+.-]{0,30}:\/\/[^/?#@:]*:/iu;
const schemeAlone = /postgres(?:ql)?:(?!\/\/)/iu;
const encoded = /(postgres(?:ql)?%3a)[^\s'"]*/giu;
const assignment =
  /((?:ssl|pg)?(?:password|passwd|passphrase|pwd)\s*(?:=|%3d)\s*)(?:'(?:[^'\\]|\\.)*'|"[^"]*"|[^\s&'"]+)/giu;

/** The text with passtokens of addresses masked, also in malformed addresses. O(text). */
export const maskSecrets = (text: string): string =>
  text
    .replace(assignment, `$1${mask}`)
    .replace(encoded, `$1${mask}`)
    .replace(tokens, (token) => maskPassword(maskPassword(token, userInfo), schemeAlone));

/** Masks up to the last `@`, since an unencoded password may contain one. */
const maskPassword = (token: string, before: RegExp): string => {
  const at = token.lastIndexOf('@');
  const found = at < 0 ? null : before.exec(token);
  const from = found === null ? token.length : found.index + found[0].length;
  return from > at ? token : `${token.slice(0, from)}${mask}${token.slice(at)}`;
};

/** Address parameters without secrets. */
const shownParams: ReadonlySet<string> = new Set([
  'schema',
  'host',
  'port',
  'sslmode',
  'application_name',
  'dbname',
  'user',
]);

/**
 * The address with host, database, user and known parameters. An ambiguous one is masked entirely.
 */
export const maskedAddress = (address: string): string => {
  if (!URL.canParse(address) || isAmbiguous(address)) return `postgresql://${mask}`;
  const url = new URL(address);
  url.password = '';
  for (const name of [...url.searchParams.keys()])
    if (!shownParams.has(name)) url.searchParams.delete(name);
  return maskSecrets(url.href);
};

/** True if an unencoded `@`, `/`, `?` or `#` in a password may be read as part of the address. */
export const isAmbiguous = (address: string): boolean => {
  if (!URL.canParse(address)) return true;
  const { pathname, search, hash } = new URL(address);
  return `${pathname}${search}`.includes('@') || hash !== '';
};

/** True for a text that may be a database address with a password, not a folder name. */
export const looksLikeAddress = (text: string): boolean =>
  [text, decoded(text)].some(
    (read) =>
      read.includes('://') ||
      /^\W*postgres(ql)?\s*:/iu.test(read) ||
      /(^|[\s;,'"])(password|passwd|pwd|sslpassword|user|host|hostaddr|dbname|service|port)\s*=/iu.test(
        read,
      ) ||
      holdsUser(read.split(/[/\\]/u, 1)[0] as string),
  );

/** `user:password@host`, possibly malformed. */
const holdsUser = (text: string): boolean =>
  text.includes(':') && text.indexOf(':') < text.lastIndexOf('@');

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
