import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { refused, type Refused } from '../../lib/sim/provider/index.ts';

/** Why a call may not pass, or null. Without a required key any bearer passes. The key itself is never repeated. */
export const authorizationFault = (request: IncomingMessage, apiKey: string | null): Refused | null => {
  const bearer = /^Bearer\s+(\S+)\s*$/iu.exec(request.headers.authorization ?? '')?.[1];
  if (bearer === undefined) {
    return refused(401, "You didn't provide an API key. You need to provide it in an Authorization header using Bearer auth.");
  }
  if (apiKey === null || isSame(bearer, apiKey)) return null;
  return refused(401, 'Incorrect API key provided.', { code: 'invalid_api_key' });
};

const isSame = (left: string, right: string): boolean => timingSafeEqual(digest(left), digest(right));

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
