import assert from 'node:assert/strict';
import {
  isMarked,
  ServiceTraitsType,
  traitsOf,
  type ServiceTraits,
} from '../../core/values/service-traits.ts';
import type { ProviderConfig } from '../../ports/provider.ts';
import type { ContractCase } from '../case.ts';
import { plain } from '../check.ts';
import { atDouble } from './service.ts';
import type { ProviderSubject } from './subject.ts';

/** What the config says of the service, held against itself. */
export const traitCases = (subject: ProviderSubject): readonly ContractCase[] => [
  {
    name: 'a config is data, of which JSON loses nothing, with limits of a batch',
    run: async () => {
      const { config } = subject;
      assert.deepEqual(plain(config), { ...config }, 'the config is not what JSON makes of it');
      for (const name of ['kind', 'connection', 'model', 'endpoint'] as const)
        assert.ok(config[name] !== '', `config.${name} is empty`);
      checkLimits(config);
      await Promise.resolve();
    },
  },
  {
    name: 'a config names the connection that it is made for, so that another process finds it',
    run: () =>
      atDouble(subject, [], async ({ double: { connection } }) => {
        assert.equal(subject.config.connection, connection.name);
        assert.equal(subject.config.kind, connection.kind);
        await Promise.resolve();
      }),
  },
  {
    name: 'traits are whole, and do not contradict each other',
    run: async () => {
      assert.ok(
        subject.config.traits === undefined || ServiceTraitsType.is(subject.config.traits),
        'config.traits is not a ServiceTraits',
      );
      const contradictions = contradictionsIn(traitsOf(subject.config), subject.config.limits);
      assert.deepEqual(contradictions, []);
      await Promise.resolve();
    },
  },
  {
    name: 'an adapter has the operations that its traits need',
    run: () =>
      atDouble(subject, [], async ({ provider, traits }) => {
        if (isMarked({ traits }))
          assert.equal(typeof provider.mark, 'function', 'these traits need mark()');
        if (traits.correlates === 'answers')
          assert.equal(
            typeof provider.stampCustomIds,
            'function',
            "correlates: 'answers' needs stampCustomIds()",
          );
        await Promise.resolve();
      }),
  },
];

const checkLimits = ({ limits }: ProviderConfig<never>): void => {
  const { requestsMax, inputBytesMax, inputTokensMax, inputsMax, createsPerHourMax } = limits;
  const isCount = (limit: number): boolean => Number.isSafeInteger(limit) && limit > 0;
  assert.ok(isCount(requestsMax), 'limits.requestsMax is a positive integer');
  assert.ok(isCount(inputBytesMax), 'limits.inputBytesMax is a positive integer');
  for (const limit of [inputTokensMax, inputsMax, createsPerHourMax])
    assert.ok(limit === null || isCount(limit), 'other limits are positive integers, or null');
};

const contradictionsIn = (
  traits: ServiceTraits,
  { requestsMax, inputBytesMax }: ProviderConfig<never>['limits'],
): readonly string[] => {
  const { input, fence, correlates, discount, requestsMin, lineBytesMax, list } = traits;
  return [
    input !== 'file' && fence === 'input_file'
      ? "fence: 'input_file' needs input: 'file': there is no file to delete"
      : null,
    input !== 'container' && fence === 'container'
      ? "fence: 'container' needs input: 'container': there is no empty batch to cancel"
      : null,
    correlates === 'none' && list.filter === 'metadata'
      ? "list.filter: 'metadata' filters by what correlates: 'none' says does not exist"
      : null,
    discount !== null && discount > 1 ? 'discount is a share of the price, at most 1' : null,
    requestsMin < 1 || requestsMin > requestsMax
      ? 'requestsMin lies between 1 and limits.requestsMax'
      : null,
    lineBytesMax !== null && lineBytesMax > inputBytesMax
      ? 'lineBytesMax exceeds limits.inputBytesMax'
      : null,
    list.pageMax < 1 ? 'list.pageMax is at least 1' : null,
  ].filter((each) => each !== null);
};
