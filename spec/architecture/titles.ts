import ts from 'typescript';
import { termsIn } from './vocabulary.ts';

const TITLED = new Set(['describe', 'it', 'test']);

/** `it`, `it.each(rows)` and `it.concurrent` are all `it`. */
const calledName = (call: ts.Expression): string =>
  ts.isIdentifier(call)
    ? call.text
    : ts.isPropertyAccessExpression(call) || ts.isCallExpression(call)
      ? calledName(call.expression)
      : '';

/** The titles of a spec's tests and groups, as they are written. */
export const titlesIn = (text: string): readonly string[] => {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && TITLED.has(calledName(node.expression))) {
      const [title] = node.arguments;
      if (title !== undefined && (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title)))
        titles.push(title.getText().slice(1, -1));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('a.spec.ts', text, ts.ScriptTarget.ES2022, true));
  return titles;
};

/** The terms of a spec's titles that are not the field's, each with its title. */
export const termsOfTitles = (text: string): readonly string[] =>
  titlesIn(text).flatMap((title) =>
    [...termsIn(title.replaceAll(/`[^`]*`|\$\{[^}]*\}/g, '')).keys()].map(
      (term) => `${term}: ${title}`,
    ),
  );
