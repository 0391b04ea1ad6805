export { createOpenAI, openai, type OpenAIConnection } from './connection.ts';
export { openaiEndpoints, parseEndpoint, type OpenAIEndpoint, type OpenAIEndpoints, type RawBody } from './endpoints.ts';
export { openaiLimits } from './limits.ts';
export type { OpenAIOptions } from './options.ts';
export { openaiSchemaRules, schemaRulesOf } from './schema-rules.ts';
export type { OpenAIProviderConfig, OpenAISettings, ReasoningEffort } from './settings.ts';
