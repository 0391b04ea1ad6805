import type OpenAI from 'openai';
import type { AzureOpenAI } from 'openai';

/** How a connection reaches its service. Held in memory only. */
export type OpenAIOptions = {
  /** Stored with runs; a fresh process must offer a connection of this name. Default `openai`. */
  readonly name?: string;
  /**
   * Further secrets to remove from the service's texts, besides the connection's key and headers.
   */
  readonly secrets?: readonly string[];
} & (
  | {
      /** Default `OPENAI_API_KEY`, read at first use. */
      readonly apiKey?: string;
      /**
       * Default `OPENAI_BASE_URL`, read at first use, else OpenAI's own. Without user info and
       * query.
       */
      readonly baseURL?: string;
      readonly organization?: string;
      readonly project?: string;
      /**
       * Sent with every request to the service, and to no other host. With `authorization` or
       * `api-key` among them no key is needed.
       */
      readonly headers?: Readonly<Record<string, string>>;
      /**
       * An http or https proxy; null: none. Default `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
       * `NO_PROXY`, read at first use.
       */
      readonly proxy?: string | null;
      /**
       * Azure's `api-version`: `baseURL` is then the address of the resource, and the key goes as
       * `api-key`. Azure's v1 address needs none.
       */
      readonly azureApiVersion?: string;
      readonly client?: never;
    }
  /**
   * Your own client, with its transport, proxies and credentials. Node's built-in fetch holds an
   * upload in memory whole.
   */
  | {
      readonly client: OpenAI | AzureOpenAI;
      readonly apiKey?: never;
      readonly baseURL?: never;
      readonly organization?: never;
      readonly project?: never;
      readonly headers?: never;
      readonly proxy?: never;
      readonly azureApiVersion?: never;
    }
);
