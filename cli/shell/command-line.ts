import type { Definition } from 'clipanion';
import { CliFailure } from './failure.ts';
import { nearest } from '../../lib/run/job/nearest.ts';

/**
 * Checks a command line before the parser does, with clearer errors. Returns the definition of its
 * command.
 */
export const checkCommandLine = (
  args: readonly string[],
  definitions: readonly Definition[],
): Definition => {
  const definition = commandOf(args, definitions);
  checkArguments(definition, args.slice(commandName(definition).split(' ').length));
  return definition;
};

const commandOf = (args: readonly string[], definitions: readonly Definition[]): Definition => {
  const [first = ''] = args;
  const names = definitions.map(commandName);
  if (first.startsWith('-')) {
    throw new CliFailure(`${first} stands before the command`, {
      hint: `Give the command first: ${names.join(', ')}.`,
    });
  }
  const definition = definitions.find((each) =>
    commandName(each)
      .split(' ')
      .every((part, i) => args[i] === part),
  );
  if (definition !== undefined) return definition;
  const family = names.filter((name) => name.startsWith(`${first} `));
  if (family.length > 0)
    throw new CliFailure(`${first} needs a subcommand`, {
      hint: `Commands: ${family.join(', ')}.`,
    });
  throw unknown(
    `there is no command ${JSON.stringify(first)}`,
    first,
    names,
    `Commands: ${names.join(', ')}.`,
  );
};

/**
 * Flags that exist, each with a value where it takes one, and as many other arguments as the
 * command takes.
 */
const checkArguments = (definition: Definition, args: readonly string[]): void => {
  const name = commandName(definition);
  const flags = [...definition.options.flatMap((option) => option.nameSet), '--help', '-h'];
  const loose: string[] = [];
  const given = new Set<string>();
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
    if (!flags.includes(flag))
      throw name === 'quote' && flag === '--dry-run'
        ? new CliFailure('quote has no flag --dry-run', { hint: quoteIsDry })
        : new UnknownFlag(name, flag, flags);
    const option = definition.options.find(({ nameSet }) => nameSet.includes(flag));
    const takesValue = option !== undefined && readsValue(option);
    if (!takesValue && arg.includes('='))
      throw new CliFailure(
        `${flag} takes no value (got ${JSON.stringify(arg.slice(flag.length + 1))})`,
        {
          hint: `Give ${flag} without a value. ${helpOf(name)}`,
        },
      );
    if (!takesValue) continue;
    if (given.has(flag) && !isRepeatable(option))
      throw new CliFailure(`${flag} is given twice`, {
        hint:
          flag === '--join'
            ? 'Each command joins one file: run it once for each of your files.'
            : `Give it once: only one value would be used. ${helpOf(name)}`,
      });
    given.add(flag);
    if (arg.includes('=')) continue;
    i += 1;
    requireValue(name, flag, args[i]);
  }
  // With --help the other arguments are optional.
  if (!args.some((arg) => arg === '--help' || arg === '-h')) checkLoose(definition, loose, args);
};

/** The parser does not tell which flags collect their values: their description does. */
export const isRepeatable = ({ description = '' }: Definition['options'][number]): boolean =>
  description.includes('(repeatable');

const requireValue = (name: string, flag: string, value: string | undefined): void => {
  if (value === undefined) throw new CliFailure(`${flag} needs a value`, { hint: helpOf(name) });
  if (!isFlagLike(value)) return;
  throw new CliFailure(`${flag} needs a value, but ${value} is read as a flag`, {
    hint: `Join a value that begins with a dash to its flag: ${flag}=${value}. ${helpOf(name)}`,
  });
};

/**
 * Checks arguments that belong to no flag. An extra one most often comes from a pattern that the
 * shell expanded.
 */
const checkLoose = (
  definition: Definition,
  loose: readonly string[],
  args: readonly string[],
): void => {
  const name = commandName(definition);
  const wanted = [...definition.usage.matchAll(/<([^<>]+)>/gu)].map(([, what = '']) => what);
  if (loose.length < wanted.length)
    throw new CliFailure(`${name} needs ${wanted[loose.length] ?? ''}`, {
      hint: `For example: ${exampleOf(definition)}`,
    });
  const extra = loose[wanted.length];
  if (extra === undefined) return;
  const takes = (flag: string): boolean =>
    definition.options.some(({ nameSet }) => nameSet.includes(flag));
  throw new CliFailure(`${name} has an unexpected argument ${JSON.stringify(extra)}`, {
    hint: `${adviceOn(extra, args, takes)}${helpOf(name)}`,
  });
};

const adviceOn = (
  extra: string,
  args: readonly string[],
  takes: (flag: string) => boolean,
): string => {
  const before = args[args.indexOf(extra) - 1] ?? '';
  if (takes('--input') && looksLikeFile(extra))
    return `Give each file its own flag (--input ${extra}), and quote patterns (--input '*.csv'). `;
  if (takes('--run-id') && !args.some((arg) => flagOf(arg) === '--run-id'))
    return `Did you mean --run-id ${extra}? `;
  if (isFlagLike(before)) return `${before} takes no value. `;
  return 'Quote values that contain blanks. ';
};

const looksLikeFile = (text: string): boolean => /[./\\]/u.test(text);
const exampleOf = ({ examples = [] }: Definition): string => examples[0]?.[1].trim() ?? '';
const helpOf = (name: string): string => `See its flags: batchor ${name} --help`;
/** A dash alone is standard input. */
const isFlagLike = (arg: string): boolean => arg.length > 1 && arg.startsWith('-');
const flagOf = (arg: string): string => arg.split('=', 1)[0] ?? arg;
const isNegation = (arg: string, flags: readonly string[]): boolean =>
  arg.startsWith('--no-') && flags.includes(`--${arg.slice(5)}`);

const quoteIsDry =
  'quote sends and creates nothing, so omit it. To print the requests: batchor start --dry-run';

const unknown = (
  message: string,
  given: string,
  known: readonly string[],
  help: string,
): CliFailure => {
  // A text of one or two letters is near to everything.
  const near = given.length > 2 ? nearest(given, known) : null;
  return new CliFailure(message, { hint: near === null ? help : `Did you mean ${near}? ${help}` });
};

/** A flag that its command does not have. Another command may: `ofOthers` says so. */
export class UnknownFlag extends CliFailure {
  readonly #typed: { readonly command: string; readonly flag: string };
  readonly #own: readonly string[];
  constructor(command: string, flag: string, own: readonly string[]) {
    const message = `${command} has no flag ${flag}`;
    super(message, { hint: unknown(message, flag, own, helpOf(command)).hint ?? '' });
    this.#typed = { command, flag };
    this.#own = own;
  }

  /** The same error; the hint names the commands of a flag that is nearer than its own ones. */
  ofOthers(definitions: readonly Definition[]): CliFailure {
    const { command, flag } = this.#typed;
    const all = definitions.flatMap(({ options }) => options.flatMap(({ nameSet }) => nameSet));
    // The command's own come first, and win where both are as near.
    const near = flag.length > 2 ? nearest(flag, [...this.#own, ...all]) : null;
    if (near === null || this.#own.includes(near)) return this;
    const owners = definitions
      .filter(({ options }) => options.some(({ nameSet }) => nameSet.includes(near)))
      .map((each) => `\`batchor ${commandName(each)}\``);
    const belongs = `${near} belongs to ${owners.join(', ')}`;
    return new CliFailure(this.message, {
      hint: `${near === flag ? '' : `Did you mean ${near}? `}${belongs}. ${helpOf(command)}`,
    });
  }
}

/** The command of a definition, without the program's name in front; it has one or more parts. */
export const commandName = ({ path }: Definition): string => path.split(' ').slice(1).join(' ');

/**
 * True of a flag that is followed by a value: clipanion numbers the values of flags, for want of
 * names.
 */
const readsValue = ({ definition }: { readonly definition: string }): boolean =>
  / #\d+$/u.test(definition);

/** The overview: all commands with their descriptions. */
export const overview = (version: string, definitions: readonly Definition[]): string =>
  [
    `batchor ${version}: a durable runner for LLM batch APIs`,
    '',
    'batchor <command> [flags]',
    '',
    ...inColumns(definitions.map((each) => [commandName(each), (each.description ?? '').trim()])),
    '',
    '`batchor <command> --help` shows the flags of a command. stdout has JSON; messages for people go to stderr.',
    '',
  ].join('\n');

/** The help of one command: description, flags, examples. */
export const commandHelp = (definition: Definition): string => {
  const { description = '', details, examples = [], options } = definition;
  return [
    `batchor ${commandName(definition)}: ${description.trim()}`,
    '',
    ...(details === undefined ? [] : [details.trim(), '']),
    ...inColumns(
      options.map((option) => [
        option.definition.replace(/ #\d+$/u, ' VALUE'),
        option.description ?? '',
      ]),
    ),
    ...examples.flatMap(([label, line]) => ['', `${label.trim()}:`, `  ${line}`]),
    '',
  ].join('\n');
};

const inColumns = (rows: readonly (readonly [string, string])[]): readonly string[] => {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`);
};
