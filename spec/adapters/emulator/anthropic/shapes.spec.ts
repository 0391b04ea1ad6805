import { afterEach, describe, expect, it } from 'vitest';
import type { Emulator } from '../../../../adapters/emulator/index.ts';
import { request, startAnthropic, turnaroundMs } from './start.ts';
import { message, text } from '../../anthropic/lines.ts';

/**
 * Keys in the order, and values of the types, that the service was recorded with in August 2026.
 */
const recorded = {
  created: {
    id: 'msgbatch_01AbCdEfGhIjKlMnOpQrStUv',
    type: 'message_batch',
    processing_status: 'in_progress',
    request_counts: { processing: 2, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
    ended_at: null,
    created_at: '2026-08-01T10:20:30.123456+00:00',
    expires_at: '2026-08-02T10:20:30.123456+00:00',
    archived_at: null,
    cancel_initiated_at: null,
    results_url: null,
  },
  line: {
    custom_id: 'a',
    result: { type: 'succeeded', message: message([text('Yes.')]) },
  },
};

/** The value with its texts, times and numbers replaced by what they are. */
const shapeOf = (value: unknown): unknown => {
  if (typeof value === 'string') {
    if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/u.test(value)) return 'time';
    const prefix = /^(msgbatch|msg)_/u.exec(value)?.[1];
    if (prefix !== undefined) return prefix;
    return /^http:/u.test(value) ? 'address' : /[ .]/u.test(value) ? 'words' : value;
  }
  if (typeof value === 'number') return Number.isInteger(value) ? 'count' : 'number';
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shapeOf(each)]));
};
/** As text, so that the order of keys counts. */
const written = (value: unknown): string => JSON.stringify(shapeOf(value));

describe("the emulator's answers", () => {
  let emulator: Emulator | null = null;
  afterEach(async () => {
    await emulator?.close();
  });
  const headers = { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' };

  it('have the keys, the order, the types and the headers of those recorded', async () => {
    const started = await startAnthropic();
    ({ emulator } = started);
    const at = `${emulator.baseURL}/v1/messages/batches`;
    const created = await fetch(at, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ requests: [request('a'), request('b')] }),
    });
    const createdText = await created.text();
    expect(createdText).toBe(JSON.stringify(JSON.parse(createdText)));
    expect(written(JSON.parse(createdText))).toBe(written(recorded.created));
    for (const name of ['request-id', 'anthropic-organization-id', 'anthropic-workspace-id'])
      expect(created.headers.get(name)).toMatch(/./u);
    expect(created.headers.get('content-length')).toBeNull();

    const { id } = JSON.parse(createdText) as { readonly id: string };
    await emulator.advance(turnaroundMs);
    const ended: unknown = await (await fetch(`${at}/${id}`, { headers })).json();
    expect(written(ended)).toBe(
      written({
        ...recorded.created,
        processing_status: 'ended',
        ended_at: recorded.created.created_at,
        results_url: 'http:',
      }),
    );
    const results = await fetch(`${at}/${id}/results`, { headers });
    expect(results.headers.get('content-type')).toBe('application/x-jsonl');
    expect(results.headers.get('content-disposition')).toBe(
      `attachment; filename*=utf-8''${id}_results.jsonl`,
    );
    const lines = (await results.text()).split('\n');
    expect(lines.pop()).toBe('');
    for (const line of lines) {
      const row = JSON.parse(line) as { readonly custom_id: string };
      expect(line).toBe(JSON.stringify(row));
      expect(written({ ...row, custom_id: 'a' })).toBe(written(recorded.line));
    }
    const cancelled = await startAnthropic();
    try {
      const { client } = cancelled;
      const batch = await client.messages.batches.create({ requests: [request('a')] });
      expect(written(await client.messages.batches.cancel(batch.id))).toBe(
        written({
          ...recorded.created,
          processing_status: 'canceling',
          cancel_initiated_at: recorded.created.created_at,
        }),
      );
    } finally {
      await cancelled.emulator.close();
    }
  });

  it('are errors in the shape of the reference, with the id of the request', async () => {
    ({ emulator } = await startAnthropic());
    const answer = await fetch(`${emulator.baseURL}/v1/messages/batches/msgbatch_none`, {
      headers,
    });
    expect(answer.status).toBe(404);
    const body = (await answer.json()) as { readonly request_id: string };
    expect(body).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
    expect(body.request_id).toBe(answer.headers.get('request-id'));
    const without = await fetch(`${emulator.baseURL}/v1/messages/batches`, {
      headers: { 'x-api-key': 'k' },
    });
    expect(without.status).toBe(400);
  });

  it('are refusals for bodies that are no list of requests, however they are cut', async () => {
    ({ emulator } = await startAnthropic());
    const whole = JSON.stringify({ requests: [request('a'), request('b"[}{')] });
    const at = `${emulator.baseURL}/v1/messages/batches`;
    const statusOf = async (body: string): Promise<number> => {
      const answer = await fetch(at, { method: 'POST', headers, body });
      await answer.text();
      return answer.status;
    };
    for (let end = 0; end < whole.length; end += 7)
      expect(await statusOf(whole.slice(0, end)), whole.slice(0, end)).toBe(400);
    for (const body of ['[]', '{}', '{"requests":{}}', '{"requests":[5]}', '{"requests":5}', '"'])
      expect(await statusOf(body), body).toBe(400);
    expect(
      await statusOf(`{"x":[{"requests":[]}], "requests" : [ ${JSON.stringify(request('c'))} ] }`),
    ).toBe(200);
  });
});
