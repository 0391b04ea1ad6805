/** How a connection reaches the service. Held in memory only. */
export interface GeminiOptions {
  /** Stored with runs; a fresh process must offer a connection of this name. Default `gemini`. */
  readonly name?: string;
  /**
   * Default `GEMINI_API_KEY`, else `GOOGLE_API_KEY`, read at first use. Sent as `x-goog-api-key`.
   */
  readonly apiKey?: string;
  /**
   * Default `GOOGLE_GEMINI_BASE_URL`, read at first use, else Google's own. Without user info and
   * query; `/v1beta` at its end is left out.
   */
  readonly baseURL?: string;
  /**
   * Sent with every request to the service, and to no other host. With `x-goog-api-key` or
   * `authorization` among them no key is needed.
   */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * An http or https proxy; null: none. Default `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
   * `NO_PROXY`, read at first use.
   */
  readonly proxy?: string | null;
  /**
   * Further secrets to remove from the service's texts, besides the connection's key and headers.
   */
  readonly secrets?: readonly string[];
}

/** The key of the environment: the service's own variable before the one of all Google APIs. */
export const keyOfEnvironment = (): string =>
  process.env['GEMINI_API_KEY']?.trim() || (process.env['GOOGLE_API_KEY']?.trim() ?? '');
