/** The flags for settings that the library names by its own fields. */
const flagOfField: Readonly<Record<string, string>> = {
  jobName: '--input',
  'source.kind': '--input-format',
  'source.ref': '--input',
  'provider.connection': 'its connection',
  'provider.model': '--model',
  'provider.endpoint': '--endpoint',
  'provider.completionWindow': '--completion-window',
  'prompt.metadata_fields': '--metadata-field',
  'prompt.keep_columns': '--keep-columns',
  'prompt.delimiters': '--delimiter',
  'prompt.encodings': '--encoding',
  'prompt.json_paths': '--json-path',
  'prompt.quotes': '--quote',
  'prompt.max_row_bytes': '--max-row-bytes',
  'structuredOutput.schemaName': '--schema-name',
  'retryPolicy.raiseOutputTokensTo': '--raise-output-tokens-to',
};

/** The flag that sets a field of a job; the field itself where none does. */
export const flagOf = (field: string): string => {
  const known = flagOfField[field];
  if (known !== undefined) return known;
  const [group = '', name = '', ...rest] = field.split('.');
  if (group === 'provider' && name === 'params') return `--param ${rest.join('.')}`;
  if (group === 'prompt' && name !== '') return `--${name.replaceAll('_', '-')}`;
  return group === 'structuredOutput'
    ? ['--schema', ...(rest.length === 0 ? [] : [rest.join('.')])].join(' ')
    : field;
};

const differing = /^(the job differs from run \S+ in )([\w., -]+?) \(([\w.]+): /u;

/**
 * What the library says of a job, in flags. For a job module the library's own names are right:
 * they are those of its code.
 */
export const fieldsInFlags = (text: string): string =>
  text
    .replace(differing, (_, head: string, fields: string, first: string) => {
      const flags = [...new Set(fields.split(', ').map(flagOf))].join(', ');
      return `${head}${flags} (${flagOf(first)}: `;
    })
    .replace(/^Correct ([\w.]+)\.$/u, (_, field: string) => `Correct ${flagOf(field)}.`);
