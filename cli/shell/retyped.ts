import { looksLikeAddress, maskedAddress } from '../../lib/run/view/masked-address.ts';
import { quoted } from './quoted.ts';

/** The typed command as it should have been, for a hint. */
export interface Retype {
  /** What the command does: stands in front of it. */
  readonly says: string;
  /** Flags to leave out, with their values. */
  readonly without?: readonly string[];
  /** Flags to add, each in place of one of the same name. */
  readonly adds?: readonly string[];
  /** Shown where another command was typed than `start` or `quote`, which alone read rows. */
  readonly otherwise?: string;
}

/** The hint with the command that helps. */
export const hintWith = (hint: string | null, retype: Retype, args: readonly string[]): string => {
  const { says, adds = [], without = [], otherwise } = retype;
  const own =
    otherwise !== undefined && !readsRows(args)
      ? otherwise
      : `${says}: ${retyped(withoutFlags(args, without), adds)}`;
  return hint === null ? own : `${hint} ${own}`;
};

const readsRows = ([command]: readonly string[]): boolean =>
  command === 'start' || command === 'quote';

/**
 * A command to paste: the typed one with these flags, each in place of one of the same name.
 * Passwords in addresses and values of headers are masked.
 */
export const retyped = (args: readonly string[], flags: readonly string[]): string => {
  const kept = withoutFlags(args, flags.map(nameOf));
  const words = kept.map((arg, at) => quoted(shown(arg, kept[at - 1])));
  return ['batchor', ...words, ...flags].join(' ');
};

const shown = (arg: string, before: string | undefined): string => {
  if (before === '--header') return `${nameOf(arg)}=VALUE`;
  if (arg.startsWith('--header=')) return `--header=${nameOf(arg.slice('--header='.length))}=VALUE`;
  return looksLikeAddress(arg) ? maskedAddress(arg) : arg;
};

/** `--flag` of `--flag=value` and of `--flag value`. */
const nameOf = (flag: string): string => flag.split(/[= ]/u, 1)[0] ?? flag;

/** Without these flags, and without their values where they stand apart. */
const withoutFlags = (args: readonly string[], flags: readonly string[]): readonly string[] =>
  args.filter(
    (arg, at) =>
      !flags.includes(nameOf(arg)) &&
      !(flags.includes(args[at - 1] ?? '') && (arg === '-' || !arg.startsWith('-'))),
  );
