/** What stands where a secret was. */
const mask = '…';

/** What may hold an address: no space, no quote. */
const words = /[^\s'"]+/gu;
/** What stands before a password: a scheme and a user, or a scheme alone. Of a long scheme its end. */
const userInfo = /[a-z][a-z\d+.-]{0,30}:\/\/[^/?#@:]*:/iu;
const schemeAlone = /postgres(?:ql)?:(?!\/\/)/iu;
const encoded = /(postgres(?:ql)?%3a)[^\s'"]*/giu;
const assignment = /((?:ssl|pg)?(?:password|passwd|passphrase|pwd)\s*(?:=|%3d)\s*)(?:'(?:[^'\\]|\\.)*'|"[^"]*"|[^\s&'"]+)/giu;

/** The text without passwords of addresses, whatever else is wrong with them: what may be one is masked. O(text). */
export const maskSecrets = (text: string): string =>
  text
    .replace(assignment, `$1${mask}`)
    .replace(encoded, `$1${mask}`)
    .replace(words, (word) => maskPassword(maskPassword(word, userInfo), schemeAlone));

/** Masks up to the last `@` of a word, since a password that is not encoded may hold one. */
const maskPassword = (word: string, before: RegExp): string => {
  const at = word.lastIndexOf('@');
  const found = at < 0 ? null : before.exec(word);
  const from = found === null ? word.length : found.index + found[0].length;
  return from > at ? word : `${word.slice(0, from)}${mask}${word.slice(at)}`;
};

/** Parameters of a database's address that hold no secret. */
const shownParams: ReadonlySet<string> = new Set(['schema', 'host', 'port', 'sslmode', 'application_name', 'dbname', 'user']);

/** The address for people: host, database, user and known parameters. An address that can be read in two ways is masked whole. */
export const maskedAddress = (address: string): string => {
  if (!URL.canParse(address) || isAmbiguous(address)) return `postgresql://${mask}`;
  const url = new URL(address);
  url.password = '';
  for (const name of [...url.searchParams.keys()]) if (!shownParams.has(name)) url.searchParams.delete(name);
  return maskSecrets(url.href);
};

/** True where a password that holds `@`, `/`, `?` or `#` unencoded would be taken for a host, a database or a parameter. */
export const isAmbiguous = (address: string): boolean => {
  if (!URL.canParse(address)) return true;
  const { pathname, search, hash } = new URL(address);
  return `${pathname}${search}`.includes('@') || hash !== '';
};

/** True for what may be meant as the address of a database, password and all, and that must not become the name of a folder. */
export const looksLikeAddress = (text: string): boolean =>
  [text, decoded(text)].some(
    (read) =>
      read.includes('://') ||
      /^\W*postgres(ql)?\s*:/iu.test(read) ||
      /(^|[\s;,'"])(password|passwd|pwd|sslpassword|user|host|hostaddr|dbname|service|port)\s*=/iu.test(read) ||
      holdsUser(read.split(/[/\\]/u, 1)[0] as string),
  );

/** `user:password@host`, whatever is between. */
const holdsUser = (text: string): boolean => text.includes(':') && text.indexOf(':') < text.lastIndexOf('@');

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
