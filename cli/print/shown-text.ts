/**
 * What steers a terminal, or changes the order in which a line is read: control characters but tab and line feed, marks of direction,
 * line and paragraph separators.
 */
const steering = /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** The text for a person, on whatever terminal: escape sequences and the like show as `\u001b`. */
export const shownText = (text: string): string => text.replace(steering, escape);

/** JSON text that says the same, and steers no terminal: JSON itself leaves DEL, C1 controls and marks of direction as they are. */
export const escapedControls = (json: string): string => json.replace(steering, escape);
