import { compatibleServices } from '../compose-services.ts';
import { CliFailure } from '../shell/failure.ts';

/**
 * A batch service that the command line knows by name: how it is reached, and what its flags
 * default to. Its code is loaded by `compose.ts`, which has a line for each of these names.
 */
export interface CliProvider {
  /** Of `--provider`; the connection and the kind of its runs have this name, too. */
  readonly name: string;
  readonly title: string;
  /** Its usual variables. */
  readonly keyVariable: string;
  /** Holds the key where the other is not set. Absent: none. */
  readonly otherKeyVariable?: string;
  readonly addressVariable: string;
  /** Its own address; null: each installation has one of its own. */
  readonly address: string | null;
  /**
   * The host of that, which gets its key without confirmation, as do hosts below it; null: none
   * does.
   */
  readonly host: string | null;
  /** True where it speaks OpenAI's API, by a profile. */
  readonly isCompatible?: true;
  readonly endpoint: string;
  /** An example for messages. */
  readonly model: string;
}

export const openaiProvider: CliProvider = {
  name: 'openai',
  title: 'OpenAI',
  keyVariable: 'OPENAI_API_KEY',
  addressVariable: 'OPENAI_BASE_URL',
  address: 'https://api.openai.com/v1',
  host: 'api.openai.com',
  endpoint: 'responses',
  model: 'gpt-4.1',
};

const anthropicProvider: CliProvider = {
  name: 'anthropic',
  title: 'Anthropic',
  keyVariable: 'ANTHROPIC_API_KEY',
  addressVariable: 'ANTHROPIC_BASE_URL',
  address: 'https://api.anthropic.com',
  host: 'api.anthropic.com',
  endpoint: 'messages',
  model: 'claude-haiku-4-5',
};

const geminiProvider: CliProvider = {
  name: 'gemini',
  title: 'Gemini',
  keyVariable: 'GEMINI_API_KEY',
  otherKeyVariable: 'GOOGLE_API_KEY',
  addressVariable: 'GOOGLE_GEMINI_BASE_URL',
  address: 'https://generativelanguage.googleapis.com',
  host: 'generativelanguage.googleapis.com',
  endpoint: 'generateContent',
  model: 'gemini-2.5-flash',
};

const mistralProvider: CliProvider = {
  name: 'mistral',
  title: 'Mistral',
  keyVariable: 'MISTRAL_API_KEY',
  addressVariable: 'MISTRAL_BASE_URL',
  address: 'https://api.mistral.ai/v1',
  host: 'api.mistral.ai',
  endpoint: 'chat.completions',
  model: 'mistral-small-latest',
};

const xaiProvider: CliProvider = {
  name: 'xai',
  title: 'xAI',
  keyVariable: 'XAI_API_KEY',
  addressVariable: 'XAI_BASE_URL',
  address: 'https://api.x.ai/v1',
  host: 'api.x.ai',
  endpoint: 'chat.completions',
  model: 'grok-4.3',
};

const compatibleProviders: readonly CliProvider[] = compatibleServices.map(
  ({ otherKeyVariable, ...service }) => {
    const { name, title, keyVariable, addressVariable, address, model, endpoints } = service;
    return {
      name,
      title,
      keyVariable,
      ...(otherKeyVariable === undefined ? {} : { otherKeyVariable }),
      addressVariable,
      address,
      host: address === null ? null : new URL(address).hostname,
      endpoint: endpoints[0] ?? 'chat.completions',
      model,
      isCompatible: true,
    };
  },
);

/** All of them, the default first. */
export const cliProviders: readonly CliProvider[] = [
  openaiProvider,
  anthropicProvider,
  geminiProvider,
  mistralProvider,
  xaiProvider,
  ...compatibleProviders,
];

/** The provider of a name, the default where there is none. Throws for an unknown one. */
export const cliProvider = (name: string | undefined): CliProvider => {
  const found = cliProviders.find((provider) => provider.name === (name ?? openaiProvider.name));
  if (found !== undefined) return found;
  throw new CliFailure(`--provider ${JSON.stringify(name)}: no such provider`, {
    hint: `Allowed are ${cliProviders.map((provider) => provider.name).join(', ')}.`,
  });
};

/** The variables that may hold its key, the one that counts first. */
export const keyVariables = ({ keyVariable, otherKeyVariable }: CliProvider): readonly string[] =>
  otherKeyVariable === undefined ? [keyVariable] : [keyVariable, otherKeyVariable];

/** True for a connection that the command line makes itself. */
export const isCliConnection = (name: string): boolean =>
  cliProviders.some((provider) => provider.name === name);
