import { describe, expect, it } from 'vitest';
import { startEmulator } from 'batchor/adapters/emulator';
import { cliProvider } from '../../cli/job/providers.ts';
import { createCliWorld, csvOf, startArgs } from './in-process.ts';

const [provider, model, bound] = ['xai', 'grok-4.3', 'max_completion_tokens=50'] as const;

describe('money at a service of another name', () => {
  it('is quoted, unknown for a model without a price, and capped', async () => {
    await using emulator = await startEmulator({
      provider,
      turnaroundMs: { min: 20, max: 40 },
    });
    await using world = await createCliWorld();
    world.write('rows.csv', csvOf(4));
    const { keyVariable, addressVariable } = cliProvider(provider);
    const options = {
      onlyEnv: { [keyVariable]: 'key-0123456789abcdef', [addressVariable]: emulator.baseURL },
    };
    const job = [
      ...['--provider', provider, '--input', 'rows.csv', '--id-field', 'id'],
      ...['--prompt-field', 'text', '--param', bound],
    ];
    const quoted = await world.run(['quote', ...job, '--model', model], options);
    expect([quoted.code, quoted.stderr]).toEqual([0, expect.any(String)]);
    const { worst_case_usd: worst } = quoted.json as { readonly worst_case_usd: number };
    expect(worst).toBeGreaterThan(0);
    const unknown = await world.run(['quote', ...job, '--model', 'no-such-model'], options);
    expect(unknown.json).toMatchObject({ worst_case_usd: null });

    const capped = await world.run(
      startArgs(
        'rows.csv',
        'r',
        '--provider',
        provider,
        '--model',
        model,
        '--param',
        bound,
        '--max-cost',
        String(worst / 100),
        '--wait',
      ),
      options,
    );
    expect(capped.json).toMatchObject({ cost: { cap_usd: worst / 100 } });
    expect(capped.json).toMatchObject({ control_state: 'paused' });
    expect(emulator.ledger.requestsBilled).toBe(0);
  });
});
