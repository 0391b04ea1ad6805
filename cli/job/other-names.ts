/** Where one API has what a well-known parameter of another one does. */
interface Named {
  /** Left out: every provider of the endpoint. */
  readonly providers?: readonly string[];
  readonly endpoint: string;
  /** Of a parameter that the endpoint does not have: the one that it has. */
  readonly names: Readonly<Record<string, string>>;
}

/**
 * API references and clients of OpenAI, Anthropic and Mistral, 2026-10. A service that speaks
 * OpenAI's API may take more than OpenAI does, so nothing is said of those. Gemini's parameters are
 * checked by its adapter.
 */
const named: readonly Named[] = [
  {
    providers: ['openai', 'azure'],
    endpoint: 'responses',
    names: {
      max_tokens: 'max_output_tokens',
      max_completion_tokens: 'max_output_tokens',
      reasoning_effort: 'reasoning={"effort": …}',
      verbosity: 'text={"verbosity": …}',
      response_format: 'text={"format": …}, or --schema',
    },
  },
  {
    providers: ['openai', 'azure'],
    endpoint: 'chat.completions',
    names: {
      max_output_tokens: 'max_completion_tokens',
      reasoning: 'reasoning_effort',
      text: 'response_format, or --schema',
      instructions: '--system-prompt',
    },
  },
  {
    endpoint: 'messages',
    names: {
      max_output_tokens: 'max_tokens',
      max_completion_tokens: 'max_tokens',
      stop: 'stop_sequences',
      instructions: 'system, or --system-prompt',
      response_format: 'output_config={"format": …}, or --schema',
    },
  },
  {
    providers: ['mistral'],
    endpoint: 'chat.completions',
    names: {
      max_output_tokens: 'max_tokens',
      max_completion_tokens: 'max_tokens',
      seed: 'random_seed',
      instructions: '--system-prompt',
    },
  },
];

/** The parameters that the endpoint has under another name, with that name. */
export const otherNamesOf = (
  params: readonly string[],
  { provider, endpoint }: { readonly provider: string; readonly endpoint: string },
): readonly { readonly given: string; readonly name: string }[] => {
  const found = named.find(
    (each) => each.endpoint === endpoint && (each.providers?.includes(provider) ?? true),
  );
  return params.flatMap((given) => {
    const name =
      found !== undefined && Object.hasOwn(found.names, given) ? found.names[given] : undefined;
    return name === undefined ? [] : [{ given, name }];
  });
};
