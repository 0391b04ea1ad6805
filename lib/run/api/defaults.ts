import type { ProviderConnection } from '../../ports/provider.ts';
import type { Storage } from '../../ports/run-store.ts';
import type { SchemaCompiler } from '../../schema/structure.ts';

/**
 * Adapters that a runner loads when none is given. The only file of the library that knows them.
 */
export const defaultStorage = async (): Promise<Storage> => {
  const { sqljsStore } = await import('../../../adapters/filestore/index.ts');
  return sqljsStore({ dir: '.batchor' });
};

/** The default connection of this name; OpenAI's where no adapter has it. */
export const defaultConnection = async (name: string): Promise<ProviderConnection> => {
  if (name === 'anthropic') {
    const { anthropic } = await import('../../../adapters/anthropic/index.ts');
    return anthropic;
  }
  if (name === 'gemini') {
    const { gemini } = await import('../../../adapters/gemini/index.ts');
    return gemini;
  }
  if (name === 'mistral') {
    const { mistral } = await import('../../../adapters/mistral/index.ts');
    return mistral;
  }
  if (name === 'xai') {
    const { xai } = await import('../../../adapters/xai/index.ts');
    return xai;
  }
  const { connectionOfService, openai } = await import('../../../adapters/openai/index.ts');
  return connectionOfService(name) ?? openai;
};

/** Loaded only if a plain JSON Schema reads the answers. */
export const defaultSchemaCompiler = async (): Promise<SchemaCompiler> => {
  const { compileJsonSchema } = await import('../../../adapters/ajv/index.ts');
  return compileJsonSchema;
};

/** Loaded only if a token budget is set. */
export const defaultTokenCounter = async (): Promise<
  import('../../ports/tokens.ts').TokenCounter
> => {
  const { tiktokenCounter } = await import('../../../adapters/tiktoken/index.ts');
  return tiktokenCounter();
};
