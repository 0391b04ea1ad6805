import { describe, expect, it } from 'vitest';
import { providerCases } from '../../lib/testing/index.ts';
import type { ServiceShape } from '../../lib/sim/index.ts';
import { fakeSubject } from './fake-subject.ts';
import { plantedAdapters } from './planted-adapters.ts';

const caseNamed = (law: string, subject: ReturnType<typeof fakeSubject>) =>
  providerCases(subject).find(({ name, skip }) => name === law && skip === undefined) ??
  expect.fail(`no case has the name: ${law}`);

/** What the kit finds wrong with a law; null: nothing. */
const found = (run: () => Promise<void>): Promise<unknown> =>
  run().then(
    () => null,
    (thrown: unknown) => thrown,
  );

describe('a planted adapter', () => {
  it.each(plantedAdapters)(
    'breaks the law, and the kit says so: $law',
    async ({ law, shape = 'openai', bug, changes, forgets }) => {
      const options = {
        ...(bug === undefined ? {} : { bug }),
        ...(changes === undefined ? {} : { changes }),
        ...(forgets === undefined ? {} : { forgets }),
      };
      const planted = { ...fakeSubject(shape, options), takesNoKey: false };
      expect(await found(caseNamed(law, planted).run)).toMatchObject({ name: 'AssertionError' });
    },
  );

  it('does not break the law without its bug, where memory is measured', async () => {
    const law = 'request lines are sent as they are read, and never held whole';
    await caseNamed(law, fakeSubject('openai', { forgets: true })).run();
  });

  it('that hangs fails with the operation that gives no answer', async () => {
    const law = 'a batch is identified by its id, and one that does not exist is null';
    const bug = () => ({ identify: () => () => new Promise<never>(() => undefined) });
    const hanging = { ...fakeSubject('openai', { bug }), caseTimeoutMs: 200 };
    expect(await found(caseNamed(law, hanging).run)).toMatchObject({
      name: 'AssertionError',
      message: expect.stringContaining('no answer from identify') as string,
    });
  });

  it('is there for each law', () => {
    const shapes: readonly ServiceShape[] = ['openai', 'anthropic', 'gemini'];
    const laws = shapes.flatMap((shape) =>
      providerCases(fakeSubject(shape)).map(({ name }) => name),
    );
    expect([...new Set(plantedAdapters.map(({ law }) => law))].toSorted()).toEqual(
      [...new Set(laws)].toSorted(),
    );
  });
});
