import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { Block, Doc } from './markdown.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const CONFIG = join(root, 'spec/tsconfig.json');

/** A program of a document: a block that imports, and the blocks after it that do not. */
type Program = readonly Block[];

const importsSomething = (text: string): boolean => /^import\b/m.test(text);

/** A block with an import begins a program; one without goes on with the program before it. */
export const programsOf = ({ blocks }: Doc): readonly Program[] =>
  blocks
    .filter(({ language }) => language === 'ts')
    .reduce<readonly Program[]>((programs, block) => {
      const last = programs.at(-1);
      return last === undefined || importsSomething(block.text) ? [...programs, [block]] : [...programs.slice(0, -1), [...last, block]];
    }, []);

const optionsOfSpecs = (): ts.CompilerOptions => {
  const { config } = ts.readConfigFile(CONFIG, (path) => ts.sys.readFile(path)) as { readonly config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(CONFIG));
  delete options.tsBuildInfoFile;
  const forDocs = { incremental: false, noUnusedLocals: false, noUnusedParameters: false, moduleDetection: ts.ModuleDetectionKind.Force };
  return { ...options, ...forDocs };
};

/**
 * Type-checks the programs of all documents in one compilation, as if each document's lay as files in a folder of its own, under the names
 * that they are given there; nothing is written.
 * Gives what is wrong, as `README.md:12: message`.
 */
export const typeErrors = (docs: readonly Doc[]): readonly string[] => {
  const folderOf = (doc: number): string => join(root, 'docs', `blocks-${doc}`);
  const programs = new Map(
    docs.flatMap((doc, i) =>
      programsOf(doc).map((program, j): readonly [string, Program] => [join(folderOf(i), program[0]?.file ?? `block-${j}.ts`), program]),
    ),
  );
  const folders = new Set(docs.map((_, i) => folderOf(i)));
  const options = optionsOfSpecs();
  const host = ts.createCompilerHost(options);
  const onDisk = {
    directoryExists: host.directoryExists,
    fileExists: host.fileExists,
    readFile: host.readFile,
    getSourceFile: host.getSourceFile,
  };
  const textOf = (path: string): string | undefined =>
    programs
      .get(path)
      ?.map(({ text }) => text)
      .join('');
  host.directoryExists = (path) => folders.has(path) || onDisk.directoryExists?.(path) === true;
  host.fileExists = (path) => programs.has(path) || onDisk.fileExists(path);
  host.readFile = (path) => textOf(path) ?? onDisk.readFile(path);
  host.getSourceFile = (path, language, ...rest) => {
    const text = textOf(path);
    return text === undefined ? onDisk.getSourceFile(path, language, ...rest) : ts.createSourceFile(path, text, language);
  };
  const compiled = ts.createProgram([...programs.keys()], options, host);
  // Asked of the blocks alone: that the library compiles is another gate's business, and costs seconds.
  const ofBlocks = [...programs.keys()].flatMap((path) => {
    const file = compiled.getSourceFile(path);
    return [...compiled.getSyntacticDiagnostics(file), ...compiled.getSemanticDiagnostics(file)];
  });
  return [...compiled.getOptionsDiagnostics(), ...ofBlocks].map((diagnostic) => located(diagnostic, programs));
};

const located = ({ file, start, messageText }: ts.Diagnostic, programs: ReadonlyMap<string, Program>): string => {
  const message = ts.flattenDiagnosticMessageText(messageText, '\n');
  if (file === undefined) return message;
  let line = file.getLineAndCharacterOfPosition(start ?? 0).line;
  for (const block of programs.get(file.fileName) ?? []) {
    const length = block.text.split('\n').length - 1;
    if (line < length) return `${block.doc}:${block.line + line}: ${message}`;
    line -= length;
  }
  return `${file.fileName}: ${message}`;
};
