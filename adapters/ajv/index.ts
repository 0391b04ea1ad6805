/** Stored JSON Schemas, read by Ajv. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import type { SchemaCompiler } from '../../lib/schema/structure.ts';

/**
 * Checks values with Ajv, by JSON Schema 2020-12 and its formats. Ignores unknown keywords; the
 * provider's rules are checked elsewhere. Throws for an invalid JSON Schema.
 */
export const compileJsonSchema: SchemaCompiler = (schema) => {
  // What names the document is of no use here, and a draft that Ajv has not loaded would be an
  // error.
  const { $schema: _draft, $id: _id, ...bare } = schema;
  const validate = compiled(bare, true) ?? compiled(bare, false);
  return (value) => (validate?.(value) === true ? null : issueOf(validate?.errors?.[0]));
};

interface Validate {
  (value: JsonValue): boolean;
  errors?: ErrorObject[] | null;
}

/** Null where a pattern is none with the flag `u`, and may be one without it. */
const compiled = (schema: JsonObject, unicodeRegExp: boolean): Validate | null => {
  // 19.99 must be a multiple of 0.01 despite binary fractions.
  const ajv = new Ajv2020({ strict: false, unicodeRegExp, multipleOfPrecision: 9 });
  addFormats.default(ajv);
  try {
    return ajv.compile(schema) as unknown as Validate;
  } catch (error) {
    if (unicodeRegExp && error instanceof SyntaxError) return null;
    throw error;
  }
};

/** `$.items[2].price: must be number` */
const issueOf = (error: ErrorObject | undefined): string => {
  if (error === undefined) return 'refused';
  const instancePath = error.instancePath
    .split('/')
    .slice(1)
    .map((key) =>
      /^\d+$/u.test(key) ? `[${key}]` : `.${key.replaceAll('~1', '/').replaceAll('~0', '~')}`,
    )
    .join('');
  return `$${instancePath}: ${error.message ?? error.keyword}`;
};
