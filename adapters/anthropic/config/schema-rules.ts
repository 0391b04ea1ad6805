import type { StrictRules } from '../../../lib/schema/strict-rules.ts';

/** The guide names no limit. */
const unlimited = Number.MAX_SAFE_INTEGER;

/**
 * Anthropic's structured outputs guide, as of the Opus 5.5 era, 2026. It limits properties that may
 * be left out, and unions, by request; a larger grammar is refused as "too complex for
 * compilation". It accepts `allOf` in part ("not with $ref"): here it is always written out as one
 * object. A root other than an object is not mentioned, so it is not sent.
 */
export const anthropicSchemaRules: StrictRules = {
  provider: 'Anthropic',
  // Its API takes no name.
  namePattern: '^[A-Za-z0-9_-]+$',
  nameCharsMax: 64,
  keywords: {
    object: ['properties', 'required', 'additionalProperties'],
    array: ['items', 'minItems'],
    string: ['pattern', 'format', 'enum', 'const'],
    number: ['enum', 'const'],
    integer: ['enum', 'const'],
    boolean: ['enum', 'const'],
    null: ['enum', 'const'],
  },
  annotations: ['title', 'description', 'default'],
  formats: [
    'date-time',
    'time',
    'date',
    'duration',
    'email',
    'hostname',
    'uri',
    'ipv4',
    'ipv6',
    'uuid',
  ],
  takesLookaround: false,
  takesBackreferences: false,
  takesRecursion: false,
  minItemsMax: 1,
  optionalPropertiesMax: 24,
  unionsMax: 16,
  depthMax: unlimited,
  propertiesMax: unlimited,
  nameCharsMaxTotal: unlimited,
  enumValuesMax: unlimited,
  largeEnum: { values: unlimited, charsMax: unlimited },
};
