/** What stands where a secret was. */
const mask = '…';

/** User and password in front of a host; up to the last `@`, since a password that is not encoded may hold one. */
const userInfo = /([a-z][a-z\d+.-]*:\/\/[^\s'"/?#@:]*:)[^\s'"]*@/giu;
const schemeAlone = /(postgres(?:ql)?:)(?!\/\/)[^\s'"]*@/giu;
const encoded = /(postgres(?:ql)?%3a)[^\s'"]*/giu;
const assignment = /((?:ssl|pg)?(?:password|passwd|passphrase|pwd)\s*(?:=|%3d)\s*)(?:'(?:[^'\\]|\\.)*'|"[^"]*"|[^\s&'"]+)/giu;

/** The text without passwords of addresses, whatever else is wrong with them: what may be one is masked. O(text). */
export const maskSecrets = (text: string): string =>
  text.replace(assignment, `$1${mask}`).replace(encoded, `$1${mask}`).replace(userInfo, `$1${mask}@`).replace(schemeAlone, `$1${mask}@`);

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
      /^[^/\\]*:[^/\\]*@/u.test(read),
  );

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
