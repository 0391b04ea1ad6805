import ts from 'typescript';
import { doorsOf, programOf } from './surface.ts';

/** The exports of each door: all of them, and those without a docstring. */
export interface Docstrings {
  readonly names: readonly string[];
  readonly without: readonly string[];
}

/** Counts docstrings in the declarations of a build, by the name that users import. */
export const docstringsOf = (dist: string): ReadonlyMap<string, Docstrings> => {
  const doors = doorsOf(dist);
  const program = programOf(doors);
  const checker = program.getTypeChecker();
  const hasDocstring = (symbol: ts.Symbol): boolean => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return ts.displayPartsToString(target.getDocumentationComment(checker)).trim() !== '';
  };
  return new Map(
    [...doors].map(([door, path]) => {
      const file = program.getSourceFile(path);
      const module = file && checker.getSymbolAtLocation(file);
      const symbols = module === undefined ? [] : checker.getExportsOfModule(module);
      return [
        door,
        {
          names: symbols.map(({ name }) => name),
          without: symbols.filter((symbol) => !hasDocstring(symbol)).map(({ name }) => name),
        },
      ];
    }),
  );
};
