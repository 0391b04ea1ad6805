import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Refused, Reply, ReplyLost } from '../../lib/sim/provider/index.ts';

/** Sends a JSON body as the service does: indented by two, in chunks of no promised length. A file object has a line break behind it. */
export const sendJson = (response: ServerResponse, statusCode: number, body: unknown): void => {
  response.writeHead(statusCode, { 'content-type': 'application/json' });
  // Two writes: one would be sent with its length.
  response.write(textOf(body));
  response.end();
};

const textOf = (body: unknown): string => `${JSON.stringify(body, null, 2)}${isFile(body) ? '\n' : ''}`;

const isFile = (body: unknown): boolean => typeof body === 'object' && body !== null && 'object' in body && body.object === 'file';

/** Sends a refusal in OpenAI's shape. */
export const sendRefusal = (response: ServerResponse, { statusCode, error, retryAfterMs }: Refused): void => {
  if (retryAfterMs !== null) {
    response.setHeader('retry-after-ms', String(retryAfterMs));
    response.setHeader('retry-after', String(Math.ceil(retryAfterMs / 1000)));
  }
  sendJson(response, statusCode, { error });
};

/** Sends what the provider answered; a lost reply is a connection that breaks, or a body that does not end. */
export const sendReply = (request: IncomingMessage, response: ServerResponse, reply: Reply<unknown>): void => {
  if (reply.type === 'done') sendJson(response, 200, reply.value);
  else if (reply.type === 'refused') sendRefusal(response, reply);
  else if (reply.broken === undefined) request.socket.destroy();
  else sendBroken(response, reply.broken);
};

const dripMs = 1_000;

/** The answer begins as it should, and does not end: its second half never comes, or blanks come for ever. */
const sendBroken = (response: ServerResponse, { manner, reply }: NonNullable<ReplyLost['broken']>): void => {
  const text = textOf(reply.type === 'done' ? reply.value : { error: reply.error });
  response.writeHead(reply.type === 'done' ? 200 : reply.statusCode, { 'content-type': 'application/json' });
  response.write(text.slice(0, Math.max(1, text.length >> 1)));
  leaveOpen(response, manner);
};

/** Nothing more comes, or a blank a second for ever. */
export const leaveOpen = (response: ServerResponse, manner: 'stalls' | 'drips'): void => {
  if (manner === 'stalls') return;
  const timer = setInterval(() => response.write(' '), dripMs).unref();
  response.on('close', () => {
    clearInterval(timer);
  });
};
