import type { Writable } from 'node:stream';
import type { JsonValue } from '../../lib/core/json/json.ts';
import { maskSecrets } from '../../lib/run/view/masked-address.ts';
import type { CliContext } from '../shell/context.ts';

/** One JSON document on stdout: a line of its own, or indented where a person reads it. */
export const writeJson = (context: CliContext, value: JsonValue): Promise<void> =>
  writeText(
    context.stdout,
    `${escapedControls(JSON.stringify(value, null, context.isStdoutTerminal ? 2 : 0))}\n`,
  );

/**
 * Lines for a person: on stderr, so that stdout stays data. Passwords are masked, and terminal
 * controls are escaped.
 */
export const writeNotes = (context: Pick<CliContext, 'stderr'>, lines: readonly string[]): void => {
  if (lines.length > 0)
    context.stderr.write(lines.map((line) => `${shownText(maskSecrets(line))}\n`).join(''));
};

/** The same on stdout, where a person reads it. */
export const writeLines = (to: Writable, lines: readonly string[]): Promise<void> =>
  writeText(to, lines.map((line) => `${shownText(maskSecrets(line))}\n`).join(''));

/** Resolves once the stream accepts more text: waits while the reader is slower. */
export const writeText = (to: Writable, text: string | Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    to.write(text, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });

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
