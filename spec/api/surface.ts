import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** The doors of the package but for the adapters', in the words of its `exports`. */
const LIB_DOORS = ['', 'core', 'ports', 'rows', 'streams', 'sim', 'testing'];

/** Each door that a build has, by the name that users import, and its declarations. */
export const doorsOf = (dist: string): ReadonlyMap<string, string> => {
  const adapters = existsSync(join(dist, 'adapters'))
    ? readdirSync(join(dist, 'adapters')).toSorted()
    : [];
  const doors = [
    ...LIB_DOORS.map(
      (part) =>
        [
          ['batchor', part].filter(Boolean).join('/'),
          join(dist, 'lib', part, 'index.d.ts'),
        ] as const,
    ),
    ['batchor/core/internal', join(dist, 'lib', 'core', 'internal.d.ts')] as const,
    ...adapters.map(
      (name) => [`batchor/adapters/${name}`, join(dist, 'adapters', name, 'index.d.ts')] as const,
    ),
  ];
  return new Map(doors.filter(([, path]) => existsSync(path)));
};

const printer = ts.createPrinter({ removeComments: true });

/** The whole statement of a declaration: a variable hangs in a list of its own. */
const statementOf = (declaration: ts.Declaration): ts.Node =>
  ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;

/** A name and how it is declared; what another package declares is only named. */
const describeExport = (symbol: ts.Symbol, checker: ts.TypeChecker, dist: string): string => {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const declarations = (target.declarations ?? []).map((declaration) => {
    const file = declaration.getSourceFile();
    if (!file.fileName.startsWith(dist)) return 'as another package declares it';
    return ts.isSourceFile(declaration)
      ? 'all of a module'
      : printer.printNode(ts.EmitHint.Unspecified, statementOf(declaration), file);
  });
  return [`// ${symbol.name}`, ...declarations].join('\n');
};

/** The declarations of every door as one program: for names, texts and comments, not for types. */
export const programOf = (doors: ReadonlyMap<string, string>): ts.Program =>
  ts.createProgram([...doors.values()], {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: [],
    // Names and texts are all that is asked, so no library of types is read.
    noLib: true,
    noEmit: true,
  });

/**
 * The public surface of every door of a build, by the name that users import: each export with its
 * declaration, sorted and without comments, so that every difference is one that users can see.
 */
export const surfacesOf = (dist: string): ReadonlyMap<string, string> => {
  const doors = doorsOf(dist);
  const program = programOf(doors);
  const checker = program.getTypeChecker();
  const surface = (path: string): string => {
    const file = program.getSourceFile(path);
    const module = file && checker.getSymbolAtLocation(file);
    const symbols = module === undefined ? [] : checker.getExportsOfModule(module);
    const sorted = symbols.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return `${sorted.map((symbol) => describeExport(symbol, checker, dist)).join('\n\n')}\n`;
  };
  return new Map([...doors].map(([name, path]) => [name, surface(path)]));
};
