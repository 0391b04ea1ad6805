import type { Definition } from 'clipanion';
import { CliFailure } from './failure.ts';
import { commandName, readsValue } from './help.ts';
import { nearest } from './nearest.ts';

/** Finds what cannot be meant in a command line, in words of our own, before the parser does. Answers the command that is meant. */
export const checkWords = (args: readonly string[], definitions: readonly Definition[]): Definition => {
  const definition = commandOf(args, definitions);
  checkArguments(definition, args.slice(commandName(definition).split(' ').length));
  return definition;
};

const commandOf = (args: readonly string[], definitions: readonly Definition[]): Definition => {
  const [word = ''] = args;
  const names = definitions.map(commandName);
  if (word.startsWith('-')) {
    throw new CliFailure(`${word} stands before the command`, { hint: `The command comes first: ${names.join(', ')}.` });
  }
  const definition = definitions.find((each) =>
    commandName(each)
      .split(' ')
      .every((part, i) => args[i] === part),
  );
  if (definition !== undefined) return definition;
  const family = names.filter((name) => name.startsWith(`${word} `));
  if (family.length > 0)
    throw new CliFailure(`${word} what?`, { hint: `There ${family.length === 1 ? 'is' : 'are'} ${family.join(', ')}.` });
  throw unknown(`there is no command ${JSON.stringify(word)}`, word, names, `There are ${names.join(', ')}.`);
};

/** Flags that exist, each with a value where it takes one, and as many other arguments as the command takes. */
const checkArguments = (definition: Definition, args: readonly string[]): void => {
  const name = commandName(definition);
  const flags = [...definition.options.flatMap((option) => option.nameSet), '--help', '-h'];
  const loose: string[] = [];
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (arg === '--') {
      loose.push(...args.slice(i + 1));
      break;
    }
    if (!isFlagLike(arg)) {
      loose.push(arg);
      continue;
    }
    const flag = flagOf(arg);
    if (isNegation(arg, flags)) continue;
    if (!flags.includes(flag)) throw unknown(`${name} has no flag ${flag}`, flag, flags, helpOf(name));
    const option = definition.options.find(({ nameSet }) => nameSet.includes(flag));
    const takesValue = option !== undefined && readsValue(option);
    if (!takesValue && arg.includes('='))
      throw new CliFailure(`${flag} takes no value (got ${JSON.stringify(arg.slice(flag.length + 1))})`, {
        hint: `Say ${flag} alone. ${helpOf(name)}`,
      });
    if (!takesValue || arg.includes('=')) continue;
    i += 1;
    requireValue(name, flag, args[i]);
  }
  // Who asks for help need not have said the rest.
  if (!args.some((arg) => arg === '--help' || arg === '-h')) checkLoose(definition, loose, args);
};

const requireValue = (name: string, flag: string, value: string | undefined): void => {
  if (value === undefined) throw new CliFailure(`${flag} needs a value`, { hint: helpOf(name) });
  if (!isFlagLike(value)) return;
  throw new CliFailure(`${flag} needs a value, and ${value} reads as a flag`, {
    hint: `A value that begins with a dash is joined to its flag: ${flag}=${value}. ${helpOf(name)}`,
  });
};

/** What belongs to no flag: a value too many, most often from a pattern that the shell has expanded. */
const checkLoose = (definition: Definition, loose: readonly string[], args: readonly string[]): void => {
  const name = commandName(definition);
  const wanted = [...definition.usage.matchAll(/<([^<>]+)>/gu)].map(([, what = '']) => what);
  if (loose.length < wanted.length)
    throw new CliFailure(`${name} needs ${wanted[loose.length] ?? ''}`, { hint: `Like: ${exampleOf(definition)}` });
  const stray = loose[wanted.length];
  if (stray === undefined) return;
  const takes = (flag: string): boolean => definition.options.some(({ nameSet }) => nameSet.includes(flag));
  throw new CliFailure(`${name} does not know what to do with ${JSON.stringify(stray)}`, {
    hint: `${adviceOn(stray, args, takes)}${helpOf(name)}`,
  });
};

const adviceOn = (stray: string, args: readonly string[], takes: (flag: string) => boolean): string => {
  const before = args[args.indexOf(stray) - 1] ?? '';
  if (takes('--input') && looksLikeFile(stray))
    return `Each file has its own flag (--input ${stray}), and a pattern stands in quotes (--input '*.csv'). `;
  if (takes('--run-id') && !args.some((arg) => flagOf(arg) === '--run-id')) return `Is --run-id ${stray} meant? `;
  if (isFlagLike(before)) return `${before} takes no value. `;
  return 'A value with blanks stands in quotes. ';
};

const looksLikeFile = (text: string): boolean => /[./\\]/u.test(text);
const exampleOf = ({ examples = [] }: Definition): string => examples[0]?.[1].trim() ?? '';
const helpOf = (name: string): string => `See its flags: batchor ${name} --help`;
/** A dash alone is standard input. */
const isFlagLike = (arg: string): boolean => arg.length > 1 && arg.startsWith('-');
const flagOf = (arg: string): string => arg.split('=', 1)[0] ?? arg;
const isNegation = (arg: string, flags: readonly string[]): boolean => arg.startsWith('--no-') && flags.includes(`--${arg.slice(5)}`);

const unknown = (message: string, word: string, words: readonly string[], help: string): CliFailure => {
  // Of one letter everything is near.
  const near = word.length > 2 ? nearest(word, words) : null;
  return new CliFailure(message, { hint: near === null ? help : `Is ${near} meant? ${help}` });
};
