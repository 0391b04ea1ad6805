import { describe, it } from 'vitest';
import { describeCases, providerCases } from '../../lib/testing/index.ts';
import { adapters } from './subjects.ts';

for (const [name, subject] of Object.entries(adapters))
  describeCases(`the adapter of ${name}`, providerCases(subject), { describe, it });
