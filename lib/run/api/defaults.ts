import type { ProviderConnection } from '../../ports/provider.ts';
import type { Storage } from '../../ports/run-store.ts';
import type { SchemaCompiler } from '../../schema/structure.ts';

/** What a runner uses when nothing else is given; loaded only then. The one file of the library that knows adapters. */
export const defaultStorage = async (): Promise<Storage> => {
  const { sqljsStore } = await import('../../../adapters/filestore/index.ts');
  return sqljsStore({ dir: '.batchor' });
};

export const defaultConnection = async (): Promise<ProviderConnection> => {
  const { openai } = await import('../../../adapters/openai/index.ts');
  return openai;
};

/** Loaded only where answers are read by a plain JSON Schema. */
export const defaultSchemaCompiler = async (): Promise<SchemaCompiler> => {
  const { compileJsonSchema } = await import('../../../adapters/ajv/index.ts');
  return compileJsonSchema;
};

/** Loaded only where a budget in tokens is set. */
export const defaultTokenCounter = async (): Promise<import('../../ports/tokens.ts').TokenCounter> => {
  const { tiktokenCounter } = await import('../../../adapters/tiktoken/index.ts');
  return tiktokenCounter();
};
