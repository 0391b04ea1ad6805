/** OpenAI's Batch API, and services that offer the same one. */
export { createOpenAI, openai, type OpenAIConnection } from './config/connection.ts';
export {
  azureOpenai,
  compatible,
  connectionOfService,
  createAzureOpenAI,
  createCompatible,
  type AzureSettings,
  type CompatibleOptions,
  type CompatibleSettings,
} from './config/compatible.ts';
export { serviceProfiles, type CompatibleName, type ServiceProfile } from './config/profiles.ts';
export {
  openaiEndpoints,
  parseEndpoint,
  type OpenAIEndpoint,
  type OpenAIEndpoints,
  type BodyText,
  type MessagesText,
  type RawBody,
} from './config/endpoints.ts';
export { openaiLimits } from './config/limits.ts';
export type { OpenAIOptions } from './config/options.ts';
export { openaiSchemaRules, schemaRulesOf } from './config/schema-rules.ts';
export type { OpenAIProviderConfig, OpenAISettings, ReasoningEffort } from './config/settings.ts';
