import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { serviceProfiles } from '../../adapters/openai/index.ts';
import { serviceRow } from './services.ts';

const guide = readFileSync(
  fileURLToPath(new URL('../../docs/guides/providers.md', import.meta.url)),
  'utf8',
);

describe('the guide to providers', () => {
  const profiles = Object.values(serviceProfiles);

  it.each(profiles.map((profile) => [profile.name, profile] as const))(
    'says of %s what its profile says',
    (_name, profile) => {
      expect(guide.split('\n')).toContain(serviceRow(profile));
    },
  );

  it('has a row for each profile, which names a page and a day', () => {
    expect(profiles.length).toBeGreaterThanOrEqual(9);
    for (const { documentation, lacks } of profiles) {
      expect(new URL(documentation.address).protocol).toBe('https:');
      expect(documentation.asOf).toMatch(/^20\d\d-\d\d-\d\d$/u);
      expect(lacks.length).toBeGreaterThan(0);
    }
  });
});
