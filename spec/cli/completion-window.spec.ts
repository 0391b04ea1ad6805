import { describe, expect, it } from 'vitest';
import { createCliWorld, csvOf, startArgs } from './in-process.ts';

/** The commands of a hint, as arguments. */
const commandsIn = (text: string, names: Readonly<Record<string, string>>): readonly string[][] =>
  [...text.matchAll(/batchor ((?:cancel|start) [^.\n]*)/gu)].map(([, command = '']) =>
    command.split(' ').map((word) => names[word] ?? word),
  );

describe('a completion window that the service refuses', () => {
  it('pauses the run with what the service said, and with commands that send its rows in another', async () => {
    await using world = await createCliWorld();
    world.write('in.csv', csvOf(3));
    const window = ['--completion-window', '1h'];
    const refused = await world.run(startArgs('in.csv', 'short', ...window, '--wait'));
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain("only '24h' is supported");
    expect(refused.stderr).toContain('The service does not take this --completion-window');
    expect(refused.stderr).not.toContain('Fix what the provider refuses');

    // Flags of the same run with another window get the same way on.
    const changed = await world.run(startArgs('in.csv', 'short', '--wait'));
    expect([changed.code, changed.stderr]).toEqual([
      1,
      expect.stringContaining('--completion-window: "1h" then, "24h" now'),
    ]);
    const commands = commandsIn(refused.stderr, { NEW: 'long' });
    expect(commandsIn(changed.stderr, { NEW: 'long' })).toEqual(commands);

    const [cancel = [], again = []] = commands;
    expect((await world.run(cancel)).code).toBe(4);
    const sent = await world.run([...again, '--poll-interval', '0.05']);
    expect([sent.code, sent.json]).toEqual([
      0,
      expect.objectContaining({ run_id: 'long', status: 'completed', item_count: 3 }),
    ]);
    expect(world.emulator.ledger.batchesCreated).toBe(1);
  });

  it('is warned of by a dry run as well, at the service that would get the requests', async () => {
    await using world = await createCliWorld();
    world.write('in.csv', csvOf(1));
    const dry = (...rest: readonly string[]) =>
      world.run(startArgs('in.csv', 'none', '--completion-window', '1h', '--dry-run', ...rest));
    const warning = 'OpenAI takes --completion-window 24h, and may refuse 1h';
    expect((await dry('--base-url', 'https://api.openai.com/v1')).stderr).toContain(warning);
    expect((await dry('--base-url', 'https://api.openai.com/v1')).code).toBe(0);
    // That of the environment is an emulator.
    expect((await dry()).stderr).not.toContain(warning);
  });
});
