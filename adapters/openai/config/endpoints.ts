import type OpenAI from 'openai';
import type { PromptParts } from '../../../lib/ports/provider.ts';

type Responses = OpenAI.Responses.ResponseCreateParamsNonStreaming;
type Chat = OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;
type Embeddings = OpenAI.EmbeddingCreateParams;
type Completions = OpenAI.CompletionCreateParamsNonStreaming;
type Moderations = OpenAI.ModerationCreateParams;

/** A whole request body, merged over `params`. The model stays the job's: a batch holds one. */
export interface RawBody<Body> {
  readonly body: Partial<Omit<Body, 'model' | 'stream'>>;
}

/**
 * A whole request body as JSON text, which goes out letter by letter. A model in it is the job's,
 * or the row is sent to no batch of it; parameters of the job that it lacks are put behind it.
 */
export interface BodyText {
  readonly bodyText: string;
}

/** The `messages` as JSON text, which goes out letter by letter. */
export interface MessagesText {
  readonly messagesText: string;
}

/**
 * Spelled as the SDK spells its namespaces. For each: the body, what `buildPrompt` may return, what
 * `output` is. Answers that are more than text, which only those are that were asked for it (tools,
 * several choices, probabilities, sound, pictures), give their content as the provider wrote it in
 * its place.
 */
export interface OpenAIEndpoints {
  responses: {
    body: Responses;
    prompt:
      | string
      | PromptParts
      | { readonly messages: OpenAI.Responses.ResponseInput }
      | RawBody<Responses>
      | BodyText
      | MessagesText;
    output: string;
  };
  'chat.completions': {
    body: Chat;
    prompt:
      | string
      | PromptParts
      | { readonly messages: Chat['messages'] }
      | RawBody<Chat>
      | BodyText
      | MessagesText;
    output: string;
  };
  /**
   * One vector; where a request holds several inputs, a list of them in the order of the inputs.
   */
  embeddings: {
    body: Embeddings;
    prompt: string | { readonly input: Embeddings['input'] } | RawBody<Embeddings> | BodyText;
    output: readonly number[];
  };
  completions: {
    body: Completions;
    prompt: string | RawBody<Completions> | BodyText;
    output: string;
  };
  /** One result; where a request holds several inputs, a list of them. */
  moderations: {
    body: Moderations;
    prompt: string | { readonly input: Moderations['input'] } | RawBody<Moderations> | BodyText;
    output: OpenAI.Moderation;
  };
}
/** An endpoint that OpenAI's batches accept, by its short name. */
export type OpenAIEndpoint = keyof OpenAIEndpoints;

/**
 * The `url` of request lines and the `endpoint` of batches. OpenAI's API reference, "Create batch",
 * 2026-08.
 */
const paths = {
  responses: '/v1/responses',
  'chat.completions': '/v1/chat/completions',
  embeddings: '/v1/embeddings',
  completions: '/v1/completions',
  moderations: '/v1/moderations',
} as const satisfies Readonly<Record<OpenAIEndpoint, string>>;

/** Every endpoint that can be named. */
export const openaiEndpoints = Object.keys(paths) as readonly OpenAIEndpoint[];

/** Where requests of the endpoint go, as written in request lines. */
export const endpointPath = (endpoint: OpenAIEndpoint): string => paths[endpoint];

/**
 * The endpoint that a person means: `chat.completions` as well as `/v1/chat/completions` and
 * `chat/completions`; null when it is none.
 */
export const parseEndpoint = (text: string): OpenAIEndpoint | null => {
  const bare = text
    .trim()
    .toLowerCase()
    .replace(/^\/?v1\//u, '')
    .replace(/^\//u, '')
    .replaceAll('/', '.');
  return openaiEndpoints.find((endpoint) => endpoint === bare) ?? null;
};
