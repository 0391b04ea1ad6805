/** What of the official client is used: its address, its credentials and its transport. */
export interface AnthropicClient {
  readonly baseURL: string;
  readonly apiKey?: string | null;
  readonly authToken?: string | null;
  get(path: string, options?: object): { asResponse(): Promise<Response> };
  post(path: string, options?: object): { asResponse(): Promise<Response> };
}

/** How a connection reaches its service. Held in memory only. */
export type AnthropicOptions = {
  /** Stored with runs; a fresh process offers a connection of this name. Default `anthropic`. */
  readonly name?: string;
  /**
   * Further secrets to remove from the service's texts, besides the connection's key and headers.
   */
  readonly secrets?: readonly string[];
} & (
  | {
      /** Default `ANTHROPIC_API_KEY`, read at first use. */
      readonly apiKey?: string;
      /**
       * Default `ANTHROPIC_BASE_URL`, read at first use, else Anthropic's own. Without `/v1`, user
       * info and query.
       */
      readonly baseURL?: string;
      /**
       * Sent with every request to the service, and to no other host. With `authorization` or
       * `x-api-key` among them no key is needed.
       */
      readonly headers?: Readonly<Record<string, string>>;
      /** Names of beta features, as `output-300k-2026-03-24` (`anthropic-beta`). */
      readonly betas?: readonly string[];
      /**
       * An http or https proxy; null: none. Default `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
       * `NO_PROXY`, read at first use.
       */
      readonly proxy?: string | null;
      readonly client?: never;
    }
  /**
   * Your own client of `@anthropic-ai/sdk`, with its transport and credentials. It never repeats a
   * create. Node's built-in fetch holds a create's body in memory whole.
   */
  | {
      readonly client: AnthropicClient;
      readonly apiKey?: never;
      readonly baseURL?: never;
      readonly headers?: never;
      readonly betas?: never;
      readonly proxy?: never;
    }
);

/** The secrets that a connection holds now: its key may be set in the environment only later. */
export const secretsOf = (options: AnthropicOptions): readonly string[] => {
  const { secrets = [] } = options;
  if (options.client !== undefined) {
    const { apiKey, authToken } = options.client;
    return [apiKey, authToken, ...secrets].filter((secret) => typeof secret === 'string');
  }
  return [
    options.apiKey ?? process.env['ANTHROPIC_API_KEY']?.trim() ?? '',
    ...Object.values(options.headers ?? {}),
    ...secrets,
  ];
};
