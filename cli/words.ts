import type { Definition } from 'clipanion';
import { CliFailure } from './failure.ts';
import { commandName } from './help.ts';
import { nearest } from './nearest.ts';

/** Finds the commonest slips, a command or a flag that does not exist, in words of our own: with the nearest that does. Answers the command that is meant. */
export const checkWords = (args: readonly string[], definitions: readonly Definition[]): Definition => {
  const [word = ''] = args;
  const names = definitions.map(commandName);
  if (word.startsWith('-')) {
    throw new CliFailure(`${word} stands before the command`, { hint: `The command comes first: ${names.join(', ')}.` });
  }
  const definition = definitions.find((each) => isSaid(commandName(each), args));
  if (definition === undefined) {
    const family = names.filter((name) => name.startsWith(`${word} `));
    if (family.length > 0)
      throw new CliFailure(`${word} what?`, { hint: `There ${family.length === 1 ? 'is' : 'are'} ${family.join(', ')}.` });
    throw unknown(`there is no command ${JSON.stringify(word)}`, word, names);
  }
  const name = commandName(definition);
  const flags = [...definition.options.flatMap((option) => option.nameSet), '--help', '-h'];
  // A value that begins with a dash must be joined to its flag, so whatever begins with two is meant as a flag.
  const strange = args
    .slice(1)
    .find((arg) => arg.startsWith('--') && arg !== '--' && !flags.includes(flagOf(arg)) && !isNegation(arg, flags));
  if (strange !== undefined) throw unknown(`${name} has no flag ${flagOf(strange)}`, flagOf(strange), flags);
  return definition;
};

const isSaid = (name: string, args: readonly string[]): boolean => name.split(' ').every((word, i) => args[i] === word);
const flagOf = (arg: string): string => arg.split('=', 1)[0] ?? arg;
const isNegation = (arg: string, flags: readonly string[]): boolean => arg.startsWith('--no-') && flags.includes(`--${arg.slice(5)}`);

const unknown = (message: string, word: string, words: readonly string[]): CliFailure => {
  const near = nearest(word, words);
  return new CliFailure(message, { hint: near === null ? `There are ${words.join(', ')}.` : `Is ${near} meant?` });
};
