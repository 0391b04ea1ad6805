/** Gemini's batch API. */
export { createGemini, gemini, type GeminiConnection } from './config/connection.ts';
export {
  geminiEndpoints,
  parseEndpoint,
  type BodyText,
  type ChatMessage,
  type EmbedContentBody,
  type GeminiContent,
  type GeminiEndpoint,
  type GeminiEndpoints,
  type GeminiPart,
  type GenerateContentBody,
  type MessagesText,
  type RawBody,
} from './config/endpoints.ts';
export type { GenerationConfig } from './config/generation-config.ts';
export { geminiLimits } from './config/limits.ts';
export { geminiPrices } from './config/prices.ts';
export type { GeminiOptions } from './config/options.ts';
export { geminiSchemaRules } from './config/schema-rules.ts';
export { geminiTraits } from './config/traits.ts';
export type { GeminiProviderConfig, GeminiSettings } from './config/settings.ts';
