import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Block, Doc } from './markdown.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(root, 'node_modules/typescript7/bin/tsc');
/** Within the project, so that its packages are found. */
const CACHE = join(root, 'node_modules/.cache/batchor');

/** A program of a document: a block that imports, and the blocks after it that do not. */
type Program = readonly Block[];

const importsSomething = (text: string): boolean => /^import\b/m.test(text);

/** A block with an import begins a program; one without goes on with the program before it. */
export const programsOf = ({ blocks }: Doc): readonly Program[] =>
  blocks
    .filter(({ language }) => language === 'ts')
    .reduce<readonly Program[]>((programs, block) => {
      const last = programs.at(-1);
      return last === undefined || importsSomething(block.text)
        ? [...programs, [block]]
        : [...programs.slice(0, -1), [...last, block]];
    }, []);

/**
 * As specs are compiled, but against the built declarations: those are what a user's compiler
 * reads, and what they are made of is another gate's business.
 */
const configOf = (files: readonly string[]): object => ({
  extends: join(root, 'spec/tsconfig.json'),
  compilerOptions: {
    incremental: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    moduleDetection: 'force',
    typeRoots: [join(root, 'node_modules/@types')],
    paths: {
      batchor: [join(root, 'dist/lib/index.d.ts')],
      'batchor/adapters/*': [join(root, 'dist/adapters/*/index.d.ts')],
      'batchor/*': [join(root, 'dist/lib/*/index.d.ts')],
    },
  },
  include: [],
  files,
});

/**
 * Type-checks the programs of all documents in one compilation, each document's in a folder of its
 * own, under the names that they are given there. Gives what is wrong, as `README.md:12: message`.
 * Needs the build.
 */
export const typeErrors = (docs: readonly Doc[]): readonly string[] => {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'blocks-'));
  try {
    const programs = new Map(
      docs.flatMap((doc, i) =>
        programsOf(doc).map((program, j): readonly [string, Program] => [
          `${i}/${program[0]?.file ?? `block-${j}.ts`}`,
          program,
        ]),
      ),
    );
    for (const [path, program] of programs) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), program.map(({ text }) => text).join(''));
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configOf([...programs.keys()])));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [TSC, '-p', '.', '--pretty', 'false'],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
    const said = stdout.split(/\n(?=\S)/u).filter((message) => message.trim() !== '');
    if (status !== 0 && said.length === 0)
      throw new Error(`the compiler ended with ${status}: ${stderr}`);
    return said.map((message) => located(message.trim(), programs));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** `0/block-1.ts(3,14): error TS2322: what`, by the line of the document. */
const located = (message: string, programs: ReadonlyMap<string, Program>): string => {
  const [, path = '', number = '', what = ''] =
    /^(.*?)\((\d+),\d+\): error TS\d+: (.*)$/su.exec(message) ?? [];
  let line = Number(number) - 1;
  for (const block of programs.get(path) ?? []) {
    const length = block.text.split('\n').length - 1;
    if (line < length) return `${block.doc}:${block.line + line}: ${what}`;
    line -= length;
  }
  return message;
};
