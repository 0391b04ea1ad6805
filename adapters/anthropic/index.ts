/** Anthropic's Message Batches. */
export { anthropic, createAnthropic, type AnthropicConnection } from './config/connection.ts';
export { anthropicLimits } from './config/limits.ts';
export type { AnthropicClient, AnthropicOptions } from './config/options.ts';
export type {
  AnthropicBlock,
  AnthropicEffort,
  AnthropicMessage,
  AnthropicParams,
  NeutralMessage,
} from './config/params.ts';
export { anthropicSchemaRules } from './config/schema-rules.ts';
export type {
  AnthropicPrompt,
  AnthropicProviderConfig,
  AnthropicSettings,
} from './config/settings.ts';
export { anthropicTraits } from './config/traits.ts';
