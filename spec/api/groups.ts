import { dirname, join } from 'node:path';
import ts from 'typescript';

/** `// The machine: a command becomes events.` above an export is the heading "The machine". */
const headingOf = (comments: string): string | null => {
  const text = comments.replaceAll(/^\/\/ ?/gm, '').replaceAll('\n', ' ');
  return /^([^.:]+)[.:]/.exec(text)?.[1] ?? null;
};

const lineCommentsBefore = (statement: ts.Node, text: string): string =>
  (ts.getLeadingCommentRanges(text, statement.getFullStart()) ?? [])
    .filter(({ kind }) => kind === ts.SyntaxKind.SingleLineCommentTrivia)
    .map(({ pos, end }) => text.slice(pos, end))
    .join('\n');

/**
 * The heading that each export of an index file stands under, by its name: the comment above the
 * first export of the group. `exportsOf` gives the names of a whole module that is re-exported, by
 * its path without the ending.
 */
export const groupsOf = (
  path: string,
  text: string,
  exportsOf: (modulePath: string) => readonly string[],
): ReadonlyMap<string, string> => {
  const groups = new Map<string, string>();
  let heading: string | null = null;
  const { statements } = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  for (const statement of statements.filter(ts.isExportDeclaration)) {
    heading = headingOf(lineCommentsBefore(statement, text)) ?? heading;
    if (heading === null) continue;
    const from = statement.moduleSpecifier;
    const names =
      statement.exportClause !== undefined && ts.isNamedExports(statement.exportClause)
        ? statement.exportClause.elements.map(({ name }) => name.text)
        : from !== undefined && ts.isStringLiteral(from)
          ? exportsOf(join(dirname(path), from.text.replace(/\.ts$/, '')))
          : [];
    for (const name of names) groups.set(name, heading);
  }
  return groups;
};
