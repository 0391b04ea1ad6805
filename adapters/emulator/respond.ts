import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Refused, Reply, ReplyLost } from '../../lib/sim/provider/index.ts';

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
  const text = JSON.stringify(reply.type === 'done' ? reply.value : { error: reply.error });
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
