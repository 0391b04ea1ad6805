/** How a connection reaches the service. Held in memory only. */
export interface XaiOptions {
  /** Stored with runs; a fresh process must offer a connection of this name. Default `xai`. */
  readonly name?: string;
  /** Default `XAI_API_KEY`, read at first use. */
  readonly apiKey?: string;
  /**
   * Default `XAI_BASE_URL`, read at first use, else xAI's own; `/v1` is added where it
   * names a host alone. Without user info and query.
   */
  readonly baseURL?: string;
  /** Sent with every request to the service, and to no other host. */
  readonly headers?: Readonly<Record<string, string>>;
  /** An http or https proxy; null: none. Default: the proxy variables, read at first use. */
  readonly proxy?: string | null;
  /** Further secrets to remove from the service's texts, besides the key and the headers. */
  readonly secrets?: readonly string[];
}
