import { createAnthropicService } from './anthropic/service.ts';
import { createGeminiService } from './gemini/service.ts';
import { createMistralService } from './mistral/service.ts';
import { openaiService, type EmulatedService } from './service.ts';

/** Makes each API that the emulator speaks, by the name of its service. */
const services = {
  openai: (): EmulatedService => openaiService,
  anthropic: createAnthropicService,
  gemini: createGeminiService,
  mistral: createMistralService,
} as const satisfies Readonly<Record<string, () => EmulatedService>>;

/** A service whose API the emulator speaks. */
export type EmulatedProvider = keyof typeof services;

/** All of them. */
export const emulatedProviders = Object.keys(services) as readonly EmulatedProvider[];

export const createService = (name: EmulatedProvider): EmulatedService => services[name]();
