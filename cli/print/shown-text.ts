/**
 * Characters that control a terminal or change the reading order: control characters except tab and
 * line feed, direction marks, line and paragraph separators.
 */
const steering = /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

const escape = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The text, safe for any terminal: escape sequences are shown as `\u001b`. */
export const shownText = (text: string): string => text.replace(steering, escape);

/**
 * The same JSON with terminal controls escaped: JSON itself leaves DEL, C1 controls and direction
 * marks unescaped.
 */
export const escapedControls = (json: string): string => json.replace(steering, escape);
