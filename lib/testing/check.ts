import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { Port, PortError } from '../ports/port-error.ts';

/** What a port answered, which has to be a value. */
export const valueOf = async <A>(port: Port<A>): Promise<A> => {
  const answer = await port();
  if (answer._tag === 'Left')
    assert.fail(`expected an answer, got the error ${inspect(answer.left)}`);
  return answer.right;
};

/** What a port answered, which has to be an error. */
export const errorOf = async (port: Port<unknown>): Promise<PortError> => {
  const answer = await port();
  if (answer._tag === 'Right')
    assert.fail(`expected an error, got the answer ${inspect(answer.right)}`);
  return answer.left;
};

/** The type of a port's error; `none` where it answered a value. */
export const errorTypeOf = async (port: Port<unknown>): Promise<PortError['type'] | 'none'> => {
  const answer = await port();
  return answer._tag === 'Left' ? answer.left.type : 'none';
};

/** By value: as it comes back from anything that stores it. */
export const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
