import { describe, it } from 'vitest';
import type { ServiceShape } from '../../lib/sim/index.ts';
import { describeCases, providerCases } from '../../lib/testing/index.ts';
import { fakeSubject } from './fake-subject.ts';

for (const shape of ['openai', 'anthropic', 'gemini'] satisfies ServiceShape[])
  describeCases(`the fake in the shape of ${shape}`, providerCases(fakeSubject(shape)), {
    describe,
    it,
  });
