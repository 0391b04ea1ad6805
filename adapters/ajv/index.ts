import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { SchemaCompiler } from '../../lib/schema/structure.ts';

/**
 * Checks values with Ajv, by JSON Schema 2020-12 and its formats. Words that the schema does not know are left alone: whether a provider
 * takes them was asked before. Throws for what is no JSON Schema.
 */
export const compileJsonSchema: SchemaCompiler = (schema) => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const validate = ajv.compile(schema);
  return (value) => (validate(value) ? null : issueOf(validate.errors?.[0]));
};

/** `$.items[2].price must be number` */
const issueOf = (error: ErrorObject | undefined): string => {
  if (error === undefined) return 'refused';
  const place = error.instancePath
    .split('/')
    .slice(1)
    .map((key) => (/^\d+$/u.test(key) ? `[${key}]` : `.${key.replaceAll('~1', '/').replaceAll('~0', '~')}`))
    .join('');
  return `$${place}: ${error.message ?? error.keyword}`;
};
