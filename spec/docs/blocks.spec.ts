import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { newDatabase } from '../support/postgres/database.ts';
import { startEmulator } from './emulator.ts';
import { parseDoc } from './markdown.ts';
import type { Doc } from './markdown.ts';
import { runDoc } from './shell.ts';
import { typeErrors } from './typecheck.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What must be found at least; raise it as the documents grow. */
const BLOCKS_MIN = { ts: 42, sh: 59 };
/** `ts` is compiled, `sh` is run, `js` only as a file that `sh` runs; the others are neither. */
const LANGUAGES = [
  'ts',
  'sh',
  'js',
  'console',
  'text',
  'json',
  'jsonl',
  'csv',
  'mermaid',
  'sql',
  'http',
  'yaml',
];

const docPaths = (): readonly string[] => {
  const inDocs = existsSync(join(root, 'docs'))
    ? readdirSync(join(root, 'docs'), { recursive: true, withFileTypes: true })
    : [];
  const found = inDocs.filter((entry) => entry.isFile() && entry.name.endsWith('.md'));
  const paths = found
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    // The pages of the API are made of declarations, which compile where they stand.
    .filter((path) => !path.startsWith(join('docs', 'api', '/')))
    .toSorted();
  return existsSync(join(root, 'README.md')) ? ['README.md', ...paths] : paths;
};

const docs = docPaths().map((path) => parseDoc(path, readFileSync(join(root, path), 'utf8')));
const blocksIn = (language: string, within: readonly Doc[] = docs): number =>
  within.flatMap(({ blocks }) => blocks).filter((block) => block.language === language).length;

/**
 * The programs of this one import TypeScript as they run, which takes a real tsx; that npx does
 * what stands for it is shown by a planted document.
 */
const REAL_TSX = 'docs/guides/structured-output.md';

/** Runs a document, beside an emulator and a database if it wants them. */
const runWhole = async (doc: Doc): Promise<string> => {
  const ends: (() => Promise<void>)[] = [];
  try {
    const emulator = doc.usesEmulator ? await startEmulator(undefined, doc.emulates) : null;
    if (emulator !== null) ends.push(emulator.stop);
    const database = doc.usesPostgres ? await newDatabase() : null;
    if (database !== null) ends.push(database.drop);
    const env = { ...emulator?.env, ...(database === null ? {} : { BATCHOR_STORE: database.url }) };
    const { code, output, lastBlock } = await runDoc(doc, {
      env,
      real: doc.path === REAL_TSX ? ['tsx'] : [],
    });
    expect(code, `${lastBlock} ended with ${code}:\n${output}`).toBe(0);
    return output;
  } finally {
    await Promise.all(ends.map((end) => end()));
  }
};

describe('the documents', () => {
  it('have blocks to check', () => {
    expect(blocksIn('ts')).toBeGreaterThanOrEqual(BLOCKS_MIN.ts);
    expect(blocksIn('sh')).toBeGreaterThanOrEqual(BLOCKS_MIN.sh);
    const readme = docs.filter(({ path }) => path === 'README.md');
    if (readme.length > 0) {
      expect(blocksIn('ts', readme)).toBeGreaterThan(0);
      expect(blocksIn('sh', readme)).toBeGreaterThan(0);
    }
  });

  it('hide no block in a language that is not checked', () => {
    const odd = docs
      .flatMap(({ blocks }) => blocks)
      .filter(
        ({ language, file }) =>
          !LANGUAGES.includes(language) || (language === 'js' && file === null),
      );
    expect(
      odd.map(({ doc, line, language }) => `${doc}:${line}: ${language || 'no language'}`),
    ).toEqual([]);
  });

  it('name files of ours that exist', () => {
    const named = /`((?:lib|adapters|cli|spec|docs)\/[\w./-]+\.(?:ts|mjs|md))`/g;
    const lost = docs.flatMap(({ path }) =>
      [...readFileSync(join(root, path), 'utf8').matchAll(named)].flatMap(([, file = '']) =>
        existsSync(join(root, file)) ? [] : [`${path}: ${file}`],
      ),
    );
    expect(lost).toEqual([]);
  });

  it('show the name of each file above it: what stands behind a fence is not shown', () => {
    const unnamed = docs.flatMap(({ path, blocks }) => {
      const lines = readFileSync(join(root, path), 'utf8').split('\n');
      return blocks.flatMap(({ file, line }) => {
        if (file === null) return [];
        // The fence is on the line before the text; above it stands a paragraph.
        const above = lines
          .slice(0, line - 2)
          .join('\n')
          .trimEnd();
        return above.slice(above.lastIndexOf('\n\n')).includes(`\`${file}\``)
          ? []
          : [`${path}:${line}: ${file}`];
      });
    });
    expect(unnamed).toEqual([]);
  });

  it('show no checks of ours: those are hidden in comments', () => {
    const shown = docs.flatMap(({ path, blocks }) =>
      blocks.flatMap(({ language, isHidden, line, text }) =>
        language === 'sh' && !isHidden && /^(?:test |grep -q)|\|\| test \$\?/mu.test(text)
          ? [`${path}:${line}`]
          : [],
      ),
    );
    expect(shown).toEqual([]);
    expect(
      docs.flatMap(({ blocks }) => blocks).filter(({ isHidden }) => isHidden).length,
    ).toBeGreaterThan(15);
  });

  it('compile', () => {
    expect(typeErrors(docs)).toEqual([]);
  });

  for (const doc of docs.filter((each) => blocksIn('sh', [each]) > 0)) {
    // Each has a folder and an emulator of its own, and most of their time they wait for it.
    it.concurrent(`run: ${doc.path}`, () => runWhole(doc));
  }
});

describe('the checks of the documents', () => {
  const fence = '```';
  const doc = (...parts: readonly string[]): Doc => parseDoc('planted.md', parts.join('\n'));

  it('read every kind of fence', () => {
    const { blocks, usesEmulator, usesPostgres } = doc(
      '<!-- emulator -->',
      '<!-- postgres -->',
      '# Title',
      `${fence}ts`,
      'const a = 1;',
      fence,
      '- item',
      `  ${fence}sh`,
      '  echo 1',
      '',
      `  ${fence}`,
      `~~~jsonl file=in/a.jsonl`,
      fence,
      '~~~',
      '````text',
      fence,
      '````',
    );
    expect([usesEmulator, usesPostgres]).toEqual([true, true]);
    expect(blocks.map(({ line, language, file, text }) => [line, language, file, text])).toEqual([
      [5, 'ts', null, 'const a = 1;\n'],
      [9, 'sh', null, 'echo 1\n\n'],
      [13, 'jsonl', 'in/a.jsonl', `${fence}\n`],
      [16, 'text', null, `${fence}\n`],
    ]);
    expect(doc('# Title', '<!-- emulator -->').usesEmulator).toBe(false);
    expect(doc('<!-- emulator -->', '# Title').usesPostgres).toBe(false);
  });

  it('refuse a fence that is never closed', () => {
    expect(() => doc(`${fence}ts`, 'const a = 1;')).toThrow('never closed');
  });

  it('name the line of a wrong type, also in a block that continues the one before; know batchor by its own name', () => {
    const planted = doc(
      `${fence}ts`,
      `import * as E from 'fp-ts/lib/Either.js';`,
      'const right = E.right(1);',
      fence,
      'and then',
      `${fence}ts`,
      'export const fine: E.Either<never, number> = right;',
      'export const wrong: string = right;',
      fence,
      `${fence}ts`,
      `import { isJsonObject } from 'batchor/core';`,
      'export const wrong: number = isJsonObject({});',
      fence,
    );
    expect(typeErrors([planted])).toEqual([
      expect.stringMatching(/^planted\.md:8: Type .* is not assignable to type 'string'/),
      `planted.md:12: Type 'boolean' is not assignable to type 'number'.`,
    ]);
  });

  describe('that run them', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'batchor-main-'));
    const main = join(scratch, 'main.mjs');
    writeFileSync(main, `console.log('batchor', ...process.argv.slice(2));\n`);
    afterAll(() => rmSync(scratch, { recursive: true, force: true }));

    it('run blocks in order in one shell, find batchor in both ways, and lay down files', async () => {
      const planted = doc(
        `${fence}json file=in/a.json`,
        '{"a": 1}',
        fence,
        `${fence}sh`,
        'a=$(cat in/a.json)',
        'sleep 60 &',
        fence,
        `${fence}sh`,
        'echo "$a"',
        'batchor one',
        'npx batchor two',
        'echo "key: ${OPENAI_API_KEY:-none}"',
        fence,
      );
      const outcome = await runDoc(planted, { main });
      expect(outcome).toEqual({
        code: 0,
        output: '{"a": 1}\nbatchor one\nbatchor two\nkey: none\n',
        lastBlock: 'planted.md:9',
      });
    });

    it('run batchor and TypeScript by the npx of the user as by what stands for it', async () => {
      const planted = doc(
        `${fence}ts file=a.ts`,
        `import { isJsonObject } from 'batchor/core';`,
        'const said: string = String(isJsonObject({}));',
        'console.log(said, ...process.argv.slice(2));',
        fence,
        `${fence}sh`,
        'npx batchor one',
        'npx tsx a.ts two',
        fence,
      );
      const output = 'batchor one\ntrue two\n';
      const [asDefault, byReal] = await Promise.all([
        runDoc(planted, { main }),
        runDoc(planted, { main, real: ['npx', 'tsx'] }),
      ]);
      expect([asDefault.output, byReal.output]).toEqual([output, output]);
    });

    it('name the block of a command that fails, and run nothing behind it', async () => {
      const planted = doc(
        `${fence}sh`,
        'echo before',
        fence,
        `${fence}sh`,
        'false | cat',
        'echo behind',
        fence,
        `${fence}sh`,
        'echo never',
        fence,
      );
      expect(await runDoc(planted, { main })).toEqual({
        code: 1,
        output: 'before\n',
        lastBlock: 'planted.md:5',
      });
    });

    it('give the address of an emulator to those that ask', async () => {
      const fake = join(scratch, 'emulator.mjs');
      const announcement = `JSON.stringify({ base_url: 'http://localhost:1/v1', ledger_url: 'http://localhost:1/ledger' })`;
      writeFileSync(fake, `console.log(${announcement}); setInterval(() => {}, 1000);\n`);
      const emulator = await startEmulator(fake);
      try {
        const planted = doc(`${fence}sh`, 'echo "$OPENAI_BASE_URL $OPENAI_API_KEY"', fence);
        expect(await runDoc(planted, { main, env: emulator.env })).toMatchObject({
          output: 'http://localhost:1/v1 sk-emulator\n',
        });
      } finally {
        await emulator.stop();
      }
    });

    it('give a database of its own to those that ask', async () => {
      const asking = doc(
        '<!-- postgres -->',
        `${fence}sh`,
        'echo "$BATCHOR_STORE"',
        'batchor list 2>&1 || true',
        fence,
      );
      const said = await Promise.all([runWhole(asking), runWhole(asking)]);
      const databases = said.map((each) => /^postgres(?:ql)?:.*\/(spec_\w+)$/m.exec(each)?.[1]);
      expect(new Set(databases).size).toBe(2);
      for (const each of said) expect(each).toContain('schema batchor: there is no store');
      const gone = await runDoc(asking, {
        env: { BATCHOR_STORE: /^postgres.*$/m.exec(said[0] ?? '')?.[0] ?? '' },
      });
      expect(gone.output).toContain('does not exist');
    });

    it('refuse an emulator that ends, or says no address', async () => {
      await expect(startEmulator(join(scratch, 'missing.mjs'))).rejects.toThrow(
        'ended before it listened',
      );
      await expect(startEmulator(main)).rejects.toThrow('not valid JSON');
    });
  });
});
