import type { Dice } from '../simulated/scenario.ts';

/**
 * What goes wrong with a whole file: its lines as they were, its bytes as mutated lines have left
 * them.
 */
export type FileMutation = (file: Buffer, dice: Dice, sibling: readonly string[]) => Buffer;

const newline = Buffer.from('\n');
const linesOf = (file: Buffer): Buffer[] => {
  const lines: Buffer[] = [];
  for (let start = 0; start < file.length;) {
    const found = file.indexOf(0x0a, start);
    const end = found < 0 ? file.length : found;
    lines.push(file.subarray(start, end));
    start = end + 1;
  }
  return lines;
};
const joined = (lines: readonly Buffer[]): Buffer =>
  Buffer.concat(lines.flatMap((line) => [line, newline]));
const idOf = (line: string): string =>
  (JSON.parse(line) as { readonly custom_id: string }).custom_id;

/**
 * All the ways in which a file goes wrong, by name. `sibling` are lines of the batch's other file.
 */
export const fileMutations: Readonly<Record<string, FileMutation>> = {
  'no newline at its end': (file) => (file[file.length - 1] === 0x0a ? file.subarray(0, -1) : file),
  'a mark at its head': (file) => Buffer.concat([Buffer.from('\ufeff'), file]),
  'carriage returns everywhere': (file) =>
    Buffer.concat(linesOf(file).flatMap((line) => [line, Buffer.from('\r\n')])),
  empty: () => Buffer.alloc(0),
  'a newline alone': () => Buffer.from('\n'),
  'out of order': (file, dice) => joined(linesOf(file).toSorted(() => dice.next() - 0.5)),
  'cut in the middle': (file, dice) => file.subarray(0, dice.below(file.length + 1)),
  'without its head': (file, dice) => file.subarray(dice.below(file.length + 1)),
  'blank lines before it': (file) => Buffer.concat([Buffer.from('\n\r\n \n'), file]),
  'zeros behind it': (file) => Buffer.concat([file, Buffer.alloc(4_096)]),
  'a page of another server': () =>
    Buffer.from('<!doctype html>\n<title>502</title>\n<h1>Bad gateway</h1>\n'),
  'in UTF-16': (file) => Buffer.from(file.toString('utf8').slice(0, 20_000), 'utf16le'),
  'the other file’s rows with other text': (file, _dice, sibling) =>
    Buffer.concat([
      file,
      Buffer.from(
        sibling.map((line) => `${line.replace('You asked', 'Nothing asked')}\n`).join(''),
      ),
    ]),
  'the other file’s rows as errors': (file, _dice, sibling) =>
    Buffer.concat([
      file,
      Buffer.from(
        sibling
          .map(
            (line) =>
              `{"custom_id":${JSON.stringify(idOf(line))},"response":null,"error":{"code":"batch_expired"}}\n`,
          )
          .join(''),
      ),
    ]),
  twice: (file) => Buffer.concat([file, file]),
};
