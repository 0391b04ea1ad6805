import { describe, expect, it } from 'vitest';
import { decodeDescription, encodeDescription } from '../../cli/job/job-description.ts';

/** As a version before caps and canaries stored it. */
const old = {
  version: 1,
  inputs: [{ given: 'rows.csv', absolute: '/data/rows.csv' }],
  idField: 'id',
  prompt: { type: 'field', field: 'text' },
  systemPrompt: null,
  metadataFields: [],
  keepsColumns: false,
  rowsMax: null,
  model: 'gpt-4.1',
  endpoint: 'responses',
  params: {},
  completionWindow: '24h',
  baseUrl: null,
  policies: {
    pollIntervalMs: 50,
    createGraceMs: null,
    deletesInputFiles: null,
    filesExpireAfterMs: null,
    outputFilesExpireAfterMs: null,
    attemptsMax: 2,
    requestsPerBatchMax: null,
    bytesPerBatchMax: null,
    badRows: null,
  },
};

describe('a job description', () => {
  it('of before there were caps is read as one without', () => {
    const description = decodeDescription('r', old);
    expect(description).toMatchObject({ structuredOutput: null, schemaName: null });
    expect(description).toHaveProperty(
      'policies',
      expect.objectContaining({
        attemptsMax: 2,
        costUsdMax: null,
        canaryItems: null,
        quotaScope: null,
        prices: null,
      }),
    );
  });

  it('is read as it was written', () => {
    const policies = { ...old.policies, costUsdMax: 5, targetRatio: 0.5, quotaScope: 'ours' };
    const whole = decodeDescription('r', { ...old, policies });
    expect(whole === null ? null : decodeDescription('r', encodeDescription(whole))).toEqual(whole);
  });

  it('is refused where a policy is none', () => {
    for (const wrong of [
      { costUsdMax: '5' },
      { prices: { inputUsdPerMillion: 1 } },
      { quotaScope: 3 },
    ])
      expect(() =>
        decodeDescription('r', { ...old, policies: { ...old.policies, ...wrong } }),
      ).toThrow('cannot be read');
  });
});
