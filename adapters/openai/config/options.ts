import type OpenAI from 'openai';
import type { AzureOpenAI } from 'openai';

/** How a connection reaches its service. Held in memory only. */
export type OpenAIOptions = {
  /** Stored with runs; a fresh process must offer a connection of this name. Default `openai`. */
  readonly name?: string;
  /** More texts that are taken out of whatever the service says, beside the key and the headers of the connection. */
  readonly secrets?: readonly string[];
} & (
  | {
      /** Default `OPENAI_API_KEY`, read at first use. */
      readonly apiKey?: string;
      /** Default `OPENAI_BASE_URL`, read at first use, else OpenAI's own. Without user info and query. */
      readonly baseURL?: string;
      readonly organization?: string;
      readonly project?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly client?: never;
    }
  /** Your own client, with its transport, proxies and credentials. Node's built-in fetch holds an upload in memory whole. */
  | {
      readonly client: OpenAI | AzureOpenAI;
      readonly apiKey?: never;
      readonly baseURL?: never;
      readonly organization?: never;
      readonly project?: never;
      readonly headers?: never;
    }
);
