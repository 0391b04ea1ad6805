import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { refused, type Refused } from '../../lib/sim/provider/index.ts';

/**
 * Why a call is rejected; null: it may pass. Without a configured key any bearer token passes. The
 * key itself is never returned.
 */
export const authorizationFault = (
  request: IncomingMessage,
  apiKey: string | null,
): Refused | null => {
  const bearer = /^Bearer\s+(\S+)\s*$/iu.exec(request.headers.authorization ?? '')?.[1];
  if (bearer === undefined) {
    return refused(
      401,
      "You didn't provide an API key. You need to provide it in an Authorization header using Bearer auth.",
    );
  }
  if (apiKey === null || isSameSecret(bearer, apiKey)) return null;
  return refused(401, 'Incorrect API key provided.', { code: 'invalid_api_key' });
};

/**
 * Why a call for the ledger is rejected; null: it may pass. The ledger holds every prompt, so the
 * API key is not enough. The token comes as a bearer token or as `?token=`.
 */
export const ledgerFault = (request: IncomingMessage, url: URL, token: string): Refused | null => {
  const bearer = /^Bearer\s+(\S+)\s*$/iu.exec(request.headers.authorization ?? '')?.[1];
  const given = url.searchParams.get('token') ?? bearer;
  if (given !== undefined && isSameSecret(given, token)) return null;
  return refused(
    401,
    'The ledger needs its token: the emulator prints it as ledger_url when it starts.',
    { code: 'invalid_ledger_token' },
  );
};

/**
 * Why a call is rejected because of its host; null: it may pass. This stops web pages whose name
 * resolves to this machine (DNS rebinding), and calls by pages of other origins.
 */
export const hostFault = (request: IncomingMessage, listensOn: string): Refused | null => {
  const name = hostnameOf(request.headers.host);
  const isOurs =
    name !== null &&
    (isLoopback(name) ||
      name === listensOn.toLowerCase() ||
      name === `[${listensOn.toLowerCase()}]` ||
      isOwnAddress(request, name));
  if (!isOurs)
    return refused(
      403,
      'This host is not served here. Use the address that the emulator prints when it starts.',
    );
  const { origin } = request.headers;
  if (origin === undefined || isLoopback(hostnameOf(origin.replace(/^[a-z]+:\/\//iu, '')) ?? ''))
    return null;
  return refused(403, 'Web pages of other origins are not served here.');
};

const hostnameOf = (host: string | undefined): string | null => {
  const url = `http://${host ?? ''}/`;
  return host === undefined || host === '' || !URL.canParse(url)
    ? null
    : new URL(url).hostname.toLowerCase();
};

const isLoopback = (name: string): boolean =>
  name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/u.test(name);

/**
 * When it listens on all addresses (0.0.0.0), the host may be the address at which the call
 * arrived.
 */
const isOwnAddress = ({ socket }: IncomingMessage, name: string): boolean => {
  const own = (socket.localAddress ?? '').replace(/^::ffff:/u, '');
  return own !== '' && (name === own || name === `[${own}]`);
};

/** True of equal texts, in a time that says nothing of either. */
export const isSameSecret = (left: string, right: string): boolean =>
  timingSafeEqual(digest(left), digest(right));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
