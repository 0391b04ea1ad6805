import { CliFailure } from '../shell/failure.ts';
import { required } from '../shell/flags.ts';
import { quoted } from '../shell/quoted.ts';
import { delimiterOfName, kindOfInput, standardInput } from './input-kinds.ts';

/**
 * The field with the id of a row. Throws if the flag is missing, with commands that number the rows
 * of the file. The empty name is one: it is that of the index column that data frames write.
 */
export const requireIdField = ({
  idField,
  input,
}: {
  readonly idField: string | undefined;
  readonly input: readonly string[];
}): string => {
  if (idField === '') return idField;
  if (idField !== undefined) return required('--id-field', idField, nameIt);
  const [first = ''] = input;
  const numbered = input.length === 1 ? numberedBy(first) : null;
  if (numbered === null)
    throw new CliFailure('--id-field is missing', {
      hint: `${nameIt} If no field identifies a row, number the rows in a new column.`,
    });
  throw new CliFailure('--id-field is missing', {
    hint: `${nameIt} If no field identifies a row, number the rows: ${numbered.command} > ${numbered.file}.`,
    retype: { says: 'Then', adds: [`--input ${numbered.file}`, '--id-field id'] },
  });
};

const nameIt = 'Name the field with the id of the row, e.g. --id-field id.';

/** A command that writes the rows with their numbers; null: the file is no plain text. */
const numberedBy = (given: string): { readonly command: string; readonly file: string } | null => {
  if (given === standardInput || /[*?[{]|\.(?:gz|zst)$/iu.test(given)) return null;
  const input = { given, absolute: given };
  if (!/\.(?:csv|tsv|tab|jsonl|ndjson)$/iu.test(given)) return null;
  if (kindOfInput(input) === 'jsonl')
    return { command: `jq -c '.id = input_line_number' ${quoted(given)}`, file: 'with-ids.jsonl' };
  const delimiter = delimiterOfName(given);
  const dialect = delimiter === '\t' ? ', delimiter="\\t"' : '';
  return {
    command: `python3 -c 'import csv, sys; csv.writer(sys.stdout${dialect}).writerows([n or "id", *row] for n, row in enumerate(csv.reader(sys.stdin${dialect})))' < ${quoted(given)}`,
    file: delimiter === '\t' ? 'with-ids.tsv' : 'with-ids.csv',
  };
};
