import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { PromptParts } from '../../../lib/ports/provider.ts';
import type { GenerationConfig } from './generation-config.ts';

/**
 * A part of a turn in the API's own spelling: `text`, `inlineData`, `fileData`, `functionCall` …
 */
export type GeminiPart = JsonObject;

/** A turn in the API's own spelling. */
export interface GeminiContent {
  readonly role?: 'user' | 'model';
  readonly parts: readonly GeminiPart[];
}

/**
 * A turn in the spelling of chat completions. `content` may be a list of parts: `text`,
 * `image_url`, `input_audio`, `file`, or the API's own parts.
 */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  readonly content?: string | readonly JsonObject[] | null;
  readonly tool_calls?: readonly JsonObject[];
  readonly tool_call_id?: string;
  readonly name?: string;
}

/** The body of `generateContent`, without its model. */
export interface GenerateContentBody {
  readonly contents?: readonly GeminiContent[];
  readonly systemInstruction?: string | GeminiContent;
  readonly generationConfig?: GenerationConfig;
  readonly safetySettings?: readonly JsonObject[];
  /** In the API's own form, or functions as chat completions declares them. */
  readonly tools?: readonly JsonObject[];
  readonly toolConfig?: JsonObject;
  readonly cachedContent?: string;
}

/** The body of `embedContent`, without its model. */
export interface EmbedContentBody {
  readonly content?: GeminiContent;
  readonly taskType?: string;
  readonly title?: string;
  readonly outputDimensionality?: number;
}

/** A whole request body, merged over `params`. The model stays the job's: a batch has one. */
export interface RawBody<Body> {
  readonly body: Body;
}

/**
 * A whole request body as JSON text, which goes out letter by letter, in the REST form or in snake
 * case. A model in it is the job's, or the row is sent to no batch of it; parameters of the job
 * that it lacks are put behind it.
 */
export interface BodyText {
  readonly bodyText: string;
}

/** Chat messages as JSON text. They are written in the API's own spelling. */
export interface MessagesText {
  readonly messagesText: string;
}

/** For each endpoint: the body, what `buildPrompt` may return, what `output` is. */
export interface GeminiEndpoints {
  /**
   * `output` is the text; where an answer is more than text (calls, pictures, code), its content
   * as the API wrote it; of several candidates, a list of them.
   */
  generateContent: {
    body: GenerateContentBody;
    prompt:
      | string
      | PromptParts
      | { readonly messages: readonly (ChatMessage | GeminiContent)[] }
      | { readonly contents: readonly GeminiContent[] }
      | RawBody<GenerateContentBody>
      | BodyText
      | MessagesText;
    output: string;
  };
  /** One vector. */
  embedContent: {
    body: EmbedContentBody;
    prompt: string | { readonly content: GeminiContent } | RawBody<EmbedContentBody> | BodyText;
    output: readonly number[];
  };
}
/** An endpoint that Gemini's batches accept, by its short name. */
export type GeminiEndpoint = keyof GeminiEndpoints;

/** The method of a model that creates a batch (Gemini API reference, 2026-10). */
const methods = {
  generateContent: 'batchGenerateContent',
  embedContent: 'asyncBatchEmbedContent',
} as const satisfies Readonly<Record<GeminiEndpoint, string>>;

/** Every endpoint that can be named. */
export const geminiEndpoints = Object.keys(methods) as readonly GeminiEndpoint[];

/** The method that creates a batch for the endpoint. */
export const batchMethodOf = (endpoint: GeminiEndpoint): string => methods[endpoint];

/** Other names: the methods of batches, and what OpenAI calls the same. */
const otherNames: Readonly<Record<string, GeminiEndpoint>> = {
  batchgeneratecontent: 'generateContent',
  'chat.completions': 'generateContent',
  responses: 'generateContent',
  asyncbatchembedcontent: 'embedContent',
  embeddings: 'embedContent',
};

/**
 * The endpoint that a person means: `generateContent` as well as `batchGenerateContent`, and
 * `embedContent` as well as `embeddings`; null when it is none.
 */
export const parseEndpoint = (text: string): GeminiEndpoint | null => {
  const bare = text
    .trim()
    .toLowerCase()
    .replace(/^\/?v1(?:beta)?\//u, '')
    .replace(/^[/:]/u, '')
    .replaceAll('/', '.');
  const known = geminiEndpoints.find((endpoint) => endpoint.toLowerCase() === bare);
  return known ?? (Object.hasOwn(otherNames, bare) ? (otherNames[bare] ?? null) : null);
};
