import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeWholeFolder } from '../../../lib/run/archive/export-folder.ts';

const module = new URL('../../../lib/run/archive/export-folder.ts', import.meta.url).href;

describe('a whole folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchor-whole-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is not there when its writer was killed between two files; the next one removes what is left', async () => {
    const path = join(folder, 'out');
    const code = `
      const { writeWholeFolder } = await import(${JSON.stringify(module)});
      await writeWholeFolder(${JSON.stringify(path)}, async (draft) => {
        await draft.write('raw/1/output.jsonl', ['one\\n']);
        console.log('written');
        await new Promise(() => setInterval(() => undefined, 1000));
      });`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(readdirSync(folder)).toEqual([`out.incomplete-${child.pid ?? 0}`]);
    const written = await writeWholeFolder(path, async (draft) => ({
      file: await draft.write('a', ['x\n', 'y']),
    }));
    expect(written).toMatchObject({ path, file: { bytes: 3, lineCount: 1 } });
    expect([readdirSync(folder), readFileSync(join(path, 'a'), 'utf8')]).toEqual([['out'], 'x\ny']);
  });

  it('is written by one at a time', async () => {
    const path = join(folder, 'out');
    await writeWholeFolder(path, async () => {
      await expect(writeWholeFolder(path, () => Promise.resolve({}))).rejects.toMatchObject({
        code: 'invalid_config',
      });
      return {};
    });
    expect(readdirSync(folder)).toEqual(['out']);
  });
});
