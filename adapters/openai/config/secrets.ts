import type { OpenAIOptions } from './options.ts';
import { keyInEnvironment, openaiProfile, type ServiceProfile } from './profiles.ts';

/** The secrets that a connection holds now: its key may be set in the environment only later. */
export const secretsOf = (
  options: OpenAIOptions,
  service: Pick<ServiceProfile, 'keyVariable' | 'otherKeyVariable'> = openaiProfile,
): readonly string[] => {
  const { secrets = [] } = options;
  if (options.client !== undefined) {
    const { apiKey } = options.client as { readonly apiKey?: unknown };
    return typeof apiKey === 'string' ? [apiKey, ...secrets] : secrets;
  }
  return [
    options.apiKey ?? keyInEnvironment(service),
    ...Object.values(options.headers ?? {}),
    ...secrets,
  ];
};
