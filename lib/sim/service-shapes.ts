import { openaiTraits, type ServiceTraits } from '../core/values/service-traits.ts';

/** Names of services whose shape the fake can take. */
export type ServiceShape = 'openai' | 'anthropic' | 'gemini' | 'mistral' | 'inline' | 'xai';

/** What the fake is like in each shape. */
export const serviceShapes: Readonly<Record<ServiceShape, ServiceTraits>> = {
  openai: openaiTraits,
  anthropic: {
    ...openaiTraits,
    input: 'inline',
    correlates: 'answers',
    fence: 'none',
    answers: 'single',
    counts: 'at_end',
  },
  gemini: {
    ...openaiTraits,
    correlates: 'display_name',
    answers: 'single',
    keepsPartialAnswers: false,
  },
  mistral: openaiTraits,
  // Creates carry lines and a name: nothing fences them, and the list says whose they are.
  inline: { ...openaiTraits, input: 'inline', correlates: 'display_name', fence: 'none' },
  xai: {
    ...openaiTraits,
    input: 'container',
    correlates: 'display_name',
    fence: 'container',
    answers: 'pages',
  },
};
