import type { Definition } from 'clipanion';

/** The command of a definition, without the program's name in front; it has one or more parts. */
export const commandName = ({ path }: Definition): string => path.split(' ').slice(1).join(' ');

/**
 * True of a flag that is followed by a value: clipanion numbers the values of flags, for want of
 * names.
 */
export const readsValue = ({ definition }: { readonly definition: string }): boolean =>
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
