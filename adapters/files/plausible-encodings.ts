/**
 * Encodings of files that people have and that are not UTF-8, the commoner ones first. By the names
 * of the WHATWG.
 */
const encodings = [
  'windows-1252',
  'windows-1250',
  'iso-8859-2',
  'windows-1254',
  'windows-1251',
  'koi8-r',
  'ibm866',
  'gb18030',
  'euc-kr',
  'shift_jis',
  'euc-jp',
  'big5',
  'windows-1253',
  'windows-1255',
  'windows-1256',
  'windows-1257',
] as const;
/** It makes sense of much that is in another one. */
const lastResort = 'macintosh';

/** Text of the file under an encoding that makes sense of it. */
export interface Reading {
  readonly encoding: string;
  readonly text: string;
}

/**
 * The readings of these bytes that look like text, the commoner encoding first. Of encodings that
 * read the same text, the first one only.
 */
export const plausibleReadings = (bytes: Buffer): readonly Reading[] => {
  const found: Reading[] = [];
  for (const encoding of encodings) {
    const text = decoded(bytes, encoding);
    if (text !== null && !isRubbish(text) && !found.some((other) => other.text === text))
      found.push({ encoding, text });
  }
  const last = found.length === 0 ? decoded(bytes, lastResort) : null;
  return last === null || isRubbish(last) ? found : [{ encoding: lastResort, text: last }];
};

/** As a stream: at once, Node 20 takes windows-1252 for ISO 8859-1. */
const decoded = (bytes: Buffer, encoding: string): string | null => {
  try {
    const decoder = new TextDecoder(encoding);
    return decoder.decode(bytes, { stream: true }) + decoder.decode();
  } catch {
    return null;
  }
};

const cjk = String.raw`\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}`;
const foreign = String.raw`\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Hebrew}\p{Script=Arabic}\uFF61-\uFF9F`;
const accented = String.raw`[[\p{Script=Latin}]--[A-Za-z]]`;
const sign = String.raw`[¡-©¬®-³µ¶¸¹¼-¿×÷˘˙˛˝ˇ†‡‰•€]`;

/** What text hardly holds, and bytes read under another encoding do. */
const rubbish: readonly RegExp[] = [
  // Control characters, boxes and private letters.
  /[\u0000-\u0008\u000E-\u001F\u007F-\u009F\u2500-\u259F\p{Co}\p{Cn}\uFFFD]/gu,
  // Two scripts in one word.
  new RegExp(String.raw`[${foreign}]\p{Script=Latin}|\p{Script=Latin}[${foreign}]`, 'gv'),
  new RegExp(String.raw`[a-z][${cjk}](?![${cjk}])|(?<![${cjk}])[${cjk}][a-z]`, 'gv'),
  // A sign within a word, or beside an accented letter.
  new RegExp(
    String.raw`\p{L}${sign}\p{L}|${accented}[[${sign}]--[€]]|[[${sign}]--[¡¿]]${accented}`,
    'gv',
  ),
  // A capital behind a small letter.
  new RegExp(String.raw`\p{Ll}[\p{Lu}--[A-Z]]|\p{Ll}\p{Lu}{2}`, 'gv'),
  // A word of accented letters alone.
  new RegExp(String.raw`(?<!\p{L})${accented}{4}`, 'gv'),
];

/** Long text may hold a little of it, and damaged bytes. */
const TOLERATED = 1 / 50;

const isRubbish = (text: string): boolean => {
  const foreignCount = text.match(/[^\u0000-\u007F]/gu)?.length ?? 0;
  const found = rubbish.reduce((sum, pattern) => sum + (text.match(pattern)?.length ?? 0), 0);
  return found > foreignCount * TOLERATED;
};
