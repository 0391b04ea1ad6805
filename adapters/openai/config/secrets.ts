import type { OpenAIOptions } from './options.ts';

/** The secrets that a connection holds now: its key may be set in the environment only later. */
export const secretsOf = (options: OpenAIOptions): readonly string[] => {
  const { secrets = [] } = options;
  if (options.client !== undefined) {
    const { apiKey } = options.client as { readonly apiKey?: unknown };
    return typeof apiKey === 'string' ? [apiKey, ...secrets] : secrets;
  }
  return [
    options.apiKey ?? process.env['OPENAI_API_KEY']?.trim() ?? '',
    ...Object.values(options.headers ?? {}),
    ...secrets,
  ];
};
