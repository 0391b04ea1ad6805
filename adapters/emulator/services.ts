import { createAnthropicService } from './anthropic/service.ts';
import { dialects } from './compatible/dialects.ts';
import { createCompatibleService } from './compatible/service.ts';
import { createGeminiService } from './gemini/service.ts';
import { createMistralService } from './mistral/service.ts';
import { createXaiService } from './xai/service.ts';
import { openaiService, type EmulatedService } from './service.ts';

/** Makes each API of its own that the emulator speaks, by the name of its service. */
const services = {
  openai: (): EmulatedService => openaiService,
  anthropic: createAnthropicService,
  gemini: createGeminiService,
  mistral: createMistralService,
  xai: createXaiService,
} as const satisfies Readonly<Record<string, () => EmulatedService>>;

/** A service whose API the emulator speaks: one of its own, or OpenAI's in a dialect. */
export type EmulatedProvider = keyof typeof services | keyof typeof dialects;

/** All of them. */
export const emulatedProviders = [
  ...Object.keys(services),
  ...Object.keys(dialects),
] as readonly EmulatedProvider[];

const isDialect = (name: EmulatedProvider): name is keyof typeof dialects =>
  Object.hasOwn(dialects, name);

export const createService = (name: EmulatedProvider): EmulatedService =>
  isDialect(name) ? createCompatibleService(dialects[name]) : services[name]();
