import type { Retype } from '../shell/retyped.ts';
import { type BatchForm, formOfProvider } from './batch-forms.ts';
import { flagName } from './job-flags.ts';
import { type CliProvider, cliProvider } from './providers.ts';
import { flagsSetByLines } from './start-flag-names.ts';

/** A line that the provider takes, with a url of its own where lines have one. */
export const exampleFor = ({ name, endpoint }: CliProvider): string => {
  const { example, hasUrl } = formOfProvider(name);
  return hasUrl
    ? example.replace('/v1/responses', `/v1/${endpoint.replaceAll('.', '/')}`)
    : example;
};

/**
 * The command that sends a prepared file to the provider whose form it has. The address is one of
 * the provider that was named; the model is set by the lines, or else is one of the other provider.
 */
export const sendToOther = ({ title, provider, namesModel }: BatchForm): Retype => ({
  says: `Send the file to ${title}`,
  without: ['--base-url', ...flagsSetByLines.map(flagName)],
  adds: [
    `--provider ${provider}`,
    ...(namesModel ? [] : [`--model ${cliProvider(provider).model}`]),
  ],
});
