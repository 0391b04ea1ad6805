import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Refused, Reply, ReplyLost } from '../../lib/sim/provider/index.ts';

/**
 * Sends a JSON body as the service does: indented by two, chunked. A file object ends with a line
 * break.
 */
export const sendJson = (response: ServerResponse, statusCode: number, body: unknown): void => {
  response.writeHead(statusCode, { 'content-type': 'application/json' });
  // Two writes, since a single one would set content-length.
  response.write(textOf(body));
  response.end();
};

const textOf = (body: unknown): string =>
  `${JSON.stringify(body, null, 2)}${isFile(body) ? '\n' : ''}`;

const isFile = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'object' in body && body.object === 'file';

/** How a service writes what the fake answers, where that differs from OpenAI. */
export interface AnswerForm {
  readonly value: (value: unknown) => unknown;
  readonly error: (refusal: Refused) => { readonly statusCode: number; readonly body: unknown };
}

const openaiForm: AnswerForm = {
  value: (value) => value,
  error: ({ statusCode, error }) => ({ statusCode, body: { error } }),
};

/** Sends a rejection in the form of the service. */
export const sendRefusal = (
  response: ServerResponse,
  refusal: Refused,
  form: AnswerForm = openaiForm,
): void => {
  const { retryAfterMs } = refusal;
  if (retryAfterMs !== null) {
    response.setHeader('retry-after-ms', String(retryAfterMs));
    response.setHeader('retry-after', String(Math.ceil(retryAfterMs / 1000)));
  }
  const { statusCode, body } = form.error(refusal);
  sendJson(response, statusCode, body);
};

/**
 * Sends the provider's reply. A lost reply breaks the connection, or sends a body that does not
 * end.
 */
export const sendReply = (
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply<unknown>,
  form: AnswerForm = openaiForm,
): void => {
  if (reply.type === 'done') sendJson(response, 200, form.value(reply.value));
  else if (reply.type === 'refused') sendRefusal(response, reply, form);
  else if (reply.broken === undefined) request.socket.destroy();
  else sendBroken(response, reply.broken, form);
};

const dripMs = 1_000;

/** Sends half of the body, then nothing more, or a blank per second for ever. */
const sendBroken = (
  response: ServerResponse,
  { manner, reply }: NonNullable<ReplyLost['broken']>,
  form: AnswerForm,
): void => {
  const { statusCode, body } =
    reply.type === 'done' ? { statusCode: 200, body: form.value(reply.value) } : form.error(reply);
  const text = textOf(body);
  response.writeHead(statusCode, { 'content-type': 'application/json' });
  response.write(text.slice(0, Math.max(1, text.length >> 1)));
  leaveOpen(response, manner);
};

/** Sends nothing more, or a blank per second for ever. */
export const leaveOpen = (response: ServerResponse, manner: 'stalls' | 'drips'): void => {
  if (manner === 'stalls') return;
  const timer = setInterval(() => response.write(' '), dripMs).unref();
  response.on('close', () => {
    clearInterval(timer);
  });
};
