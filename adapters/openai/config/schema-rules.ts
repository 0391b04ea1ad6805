import type { StrictRules } from '../../../lib/schema/strict-rules.ts';

/**
 * OpenAI's structured outputs guide ("Supported schemas"), as of the gpt-5.5 era, 2026; minLength
 * and maxLength follow from what it refuses to fine-tuned models. Whether arrays count as a level
 * of nesting it does not say: they are counted. That a reference stands alone, that every value has
 * a type, that there is no `default`, and that patterns look neither ahead nor behind, its error
 * messages say ("regex lookaround is not supported", in several projects' reports of 2026).
 */
export const openaiSchemaRules: StrictRules = {
  provider: 'OpenAI',
  namePattern: '^[A-Za-z0-9_-]+$',
  nameCharsMax: 64,
  keywords: {
    object: ['properties', 'required', 'additionalProperties'],
    array: ['items', 'minItems', 'maxItems'],
    string: ['pattern', 'format', 'minLength', 'maxLength', 'enum', 'const'],
    number: [
      'multipleOf',
      'minimum',
      'maximum',
      'exclusiveMinimum',
      'exclusiveMaximum',
      'enum',
      'const',
    ],
    integer: [
      'multipleOf',
      'minimum',
      'maximum',
      'exclusiveMinimum',
      'exclusiveMaximum',
      'enum',
      'const',
    ],
    boolean: ['enum', 'const'],
    null: ['enum', 'const'],
  },
  annotations: ['title', 'description', '$comment'],
  formats: ['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid'],
  takesLookaround: false,
  depthMax: 10,
  propertiesMax: 5_000,
  nameCharsMaxTotal: 120_000,
  enumValuesMax: 1_000,
  largeEnum: { values: 250, charsMax: 15_000 },
};

/** Of fine-tuned models the same guide says that they take no bounds, patterns and formats. */
const fineTunedRules: StrictRules = {
  ...openaiSchemaRules,
  provider: 'OpenAI (fine-tuned models)',
  keywords: {
    ...openaiSchemaRules.keywords,
    array: ['items'],
    string: ['enum', 'const'],
    number: ['exclusiveMinimum', 'exclusiveMaximum', 'enum', 'const'],
    integer: ['exclusiveMinimum', 'exclusiveMaximum', 'enum', 'const'],
  },
};

/** What the model takes as a strict schema. */
export const schemaRulesOf = (model: string): StrictRules =>
  model.startsWith('ft:') ? fineTunedRules : openaiSchemaRules;
