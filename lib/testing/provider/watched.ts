import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { Port, PortError } from '../../ports/port-error.ts';
import type { BatchProvider, ProviderWire } from '../../ports/provider.ts';
import type { Patience } from './patience.ts';

export type Connected = BatchProvider & ProviderWire;

const operations: readonly string[] = [
  'check',
  'upload',
  'mark',
  'create',
  'sweep',
  'deleteFile',
  'identify',
  'describe',
  'observe',
  'download',
  'cancel',
] satisfies readonly (keyof BatchProvider)[];

/** Errors of a provider; the others are a store's. */
const errorTypes: readonly string[] = [
  'transient',
  'unclear',
  'refused',
  'over_capacity',
  'insufficient_quota',
  'authentication_failed',
  'not_found',
  'not_ready',
  'unavailable',
  'corrupt',
] satisfies readonly PortError['type'][];

/**
 * The same provider, held to what every operation promises, whatever it is asked: it throws
 * nothing, and its errors are of the port, say something, and do not hold the key.
 */
export const watched = (provider: Connected, key: string, patience: Patience): Connected =>
  new Proxy(provider, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== 'function') return member;
      const ask = member.bind(target) as (...given: readonly unknown[]) => Port<unknown>;
      if (!operations.includes(String(name))) return ask;
      return (...given: readonly unknown[]): Port<unknown> =>
        () =>
          patience.during(
            String(name),
            asked(String(name), () => ask(...given)(), key),
          );
    },
  });

const asked = async (
  operation: string,
  ask: () => ReturnType<Port<unknown>>,
  key: string,
): ReturnType<Port<unknown>> => {
  const answer = await Promise.resolve()
    .then(ask)
    .catch((thrown: unknown) =>
      assert.fail(`${operation} rejected, and a port answers errors as data: ${inspect(thrown)}`),
    );
  if (answer._tag === 'Left') checkError(operation, answer.left, key);
  return answer;
};

const checkError = (operation: string, error: PortError, key: string): void => {
  checkSecret(operation, error, key);
  assert.ok(
    errorTypes.includes(error.type),
    `${operation} answered an error of type ${JSON.stringify(error.type)}, which providers have not`,
  );
  if ('message' in error)
    assert.ok(
      typeof error.message === 'string' && error.message.trim() !== '',
      `${operation} answered an error without a message: ${inspect(error)}`,
    );
  if (error.type === 'unclear')
    assert.equal(operation, 'create', `only a create is unconfirmed, and ${operation} did`);
  if (error.type === 'transient' && error.retryAfterMs !== null)
    assert.ok(
      Number.isFinite(error.retryAfterMs) && error.retryAfterMs >= 0,
      `${operation} answered retryAfterMs ${error.retryAfterMs}`,
    );
};

/** Fails where an error holds the key, its cause and its stack included. */
export const checkSecret = (operation: string, error: unknown, key: string): void => {
  const shown = inspect(error, { depth: 20, showHidden: true, maxStringLength: null });
  assert.ok(!shown.includes(key), `an error of ${operation} holds the API key`);
};
