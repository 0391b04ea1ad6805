import * as t from 'io-ts';
import { compileJsonSchema } from '../../../adapters/ajv/index.ts';
import { boundedReading } from '../../../lib/run/job/bounded-reading.ts';
import { structureOfCodec, structureOfJsonSchema } from '../../../lib/schema/structure.ts';

/**
 * Reads answers by a schema whose check takes years for one of them: `hostile-schema-child
 * json-schema|validator`.
 */
const backtracking = /^(a+)+$/u;
const hostile = JSON.stringify({ code: `${'a'.repeat(48)}!` });
const texts = [
  JSON.stringify({ code: 'aa' }),
  hostile,
  JSON.stringify({ code: 'aaa' }),
  JSON.stringify({ code: 1 }),
];

const structures = {
  'json-schema': () =>
    structureOfJsonSchema(
      {
        type: 'object',
        properties: { code: { type: 'string', pattern: backtracking.source } },
        required: ['code'],
        additionalProperties: false,
      },
      () => Promise.resolve(compileJsonSchema),
    ).structure,
  validator: () =>
    structureOfCodec(
      t.type({
        code: new t.Type<string>(
          'code',
          t.string.is,
          (u, c) => (backtracking.test(String(u)) ? t.success(String(u)) : t.failure(u, c)),
          String,
        ),
      }),
    ).structure,
};

const structure = structures[process.argv[2] === 'validator' ? 'validator' : 'json-schema']();
await structure.prepare?.();
let isReading = true;
// A message that comes while the answers are read has to be heard before they are.
process.on('message', () => void (isReading && process.send?.({ type: 'heard' })));
process.send?.({ type: 'begun' });
const readings = await boundedReading(structure.read, 200).readAll([hostile, ...texts, hostile]);
isReading = false;
process.send?.({
  type: 'read',
  readings: readings.map((reading) =>
    reading.type === 'fits' ? 'fits' : `${reading.failureClass}: ${reading.message}`,
  ),
});
process.disconnect();
