import type { OpenAIOptions } from './options.ts';
import { openaiProfile, type ServiceProfile } from './profiles.ts';

/** The secrets that a connection holds now: its key may be set in the environment only later. */
export const secretsOf = (
  options: OpenAIOptions,
  { keyVariable }: Pick<ServiceProfile, 'keyVariable'> = openaiProfile,
): readonly string[] => {
  const { secrets = [] } = options;
  if (options.client !== undefined) {
    const { apiKey } = options.client as { readonly apiKey?: unknown };
    return typeof apiKey === 'string' ? [apiKey, ...secrets] : secrets;
  }
  return [
    options.apiKey ?? process.env[keyVariable]?.trim() ?? '',
    ...Object.values(options.headers ?? {}),
    ...secrets,
  ];
};
