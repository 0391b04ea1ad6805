import type { StrictRules } from '../../../lib/schema/strict-rules.ts';

/** No limit of sizes is documented: none is checked. As a number, since rules are data. */
const unlimited = Number.MAX_SAFE_INTEGER;

/**
 * What `generationConfig.responseJsonSchema` takes (API reference as in `@google/genai` 2.32, and
 * the structured output guide, 2026-10). A `const` of a text or a number is sent as an `enum` of
 * one. `oneOf` and `prefixItems` are left out: the first means `anyOf` there, and of the second
 * batchor could not check what it holds.
 */
export const geminiSchemaRules: StrictRules = {
  provider: 'Gemini',
  // A schema has no name there; one of any length and letters is not sent.
  namePattern: '^[\\s\\S]*$',
  nameCharsMax: unlimited,
  keywords: {
    object: ['properties', 'required', 'additionalProperties', 'propertyOrdering'],
    array: ['items', 'minItems', 'maxItems'],
    string: ['format', 'enum', 'const'],
    number: ['minimum', 'maximum', 'enum', 'const'],
    integer: ['minimum', 'maximum', 'enum', 'const'],
    boolean: [],
    null: [],
  },
  annotations: ['title', 'description'],
  formats: ['date-time', 'date', 'time'],
  takesLookaround: false,
  takesRecursion: 'through_optional',
  optionalPropertiesMax: unlimited,
  depthMax: unlimited,
  propertiesMax: unlimited,
  nameCharsMaxTotal: unlimited,
  enumValuesMax: unlimited,
  largeEnum: { values: unlimited, charsMax: unlimited },
};
