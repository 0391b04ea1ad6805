import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Refused, Reply } from '../../lib/sim/provider/index.ts';

/** Sends a JSON body. */
export const sendJson = (response: ServerResponse, statusCode: number, body: unknown): void => {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(statusCode, { 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
};

/** Sends a refusal in OpenAI's shape. */
export const sendRefusal = (response: ServerResponse, { statusCode, error, retryAfterMs }: Refused): void => {
  if (retryAfterMs !== null) {
    response.setHeader('retry-after-ms', String(retryAfterMs));
    response.setHeader('retry-after', String(Math.ceil(retryAfterMs / 1000)));
  }
  sendJson(response, statusCode, { error });
};

/** Sends what the provider answered; a lost reply is a connection that breaks. */
export const sendReply = (request: IncomingMessage, response: ServerResponse, reply: Reply<unknown>): void => {
  if (reply.type === 'done') sendJson(response, 200, reply.value);
  else if (reply.type === 'refused') sendRefusal(response, reply);
  else request.socket.destroy();
};
