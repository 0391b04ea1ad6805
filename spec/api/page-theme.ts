import * as prettier from 'prettier';
import { ReflectionKind } from 'typedoc';
import type { DeclarationReflection, Reflection } from 'typedoc';
import {
  type MarkdownPageEvent,
  MarkdownTheme,
  MarkdownThemeContext,
} from 'typedoc-plugin-markdown';

const PRINT = { parser: 'typescript', printWidth: 100, singleQuote: true } as const;

/** What makes a whole file of a declaration as pages show it: as it is, ambient, or as a member. */
const WRAPPINGS = [
  { before: '', after: '', isMember: false },
  { before: 'declare ', after: '', isMember: false },
  { before: 'interface X {\n', after: '\n}', isMember: true },
  { before: 'declare class X {\n', after: '\n}', isMember: true },
];

/** A declaration, formatted as the sources are; as it is where it is no TypeScript of its own. */
export const formatDeclaration = async (code: string): Promise<string> => {
  for (const { before, after, isMember } of WRAPPINGS) {
    const formatted = await prettier.format(`${before}${code}${after}`, PRINT).catch(() => null);
    if (formatted === null) continue;
    const lines = formatted.trimEnd().split('\n');
    return isMember
      ? lines
          .slice(1, -1)
          .map((line) => line.replace(/^ {2}/, ''))
          .join('\n')
      : lines.join('\n').slice(before.length);
  }
  return code;
};

/** Formats the code of a page. */
export const formatPage = async (page: string): Promise<string> => {
  const parts = page.split(/^(```ts\n[^]*?^```$)/m);
  const formatted = await Promise.all(
    parts.map(async (part) =>
      part.startsWith('```ts\n')
        ? `\`\`\`ts\n${await formatDeclaration(part.slice('```ts\n'.length, -'```'.length))}\n\`\`\``
        : part,
    ),
  );
  return formatted.join('');
};

/** The pages' theme: `declared` has the text of a type's declaration, members and comments. */
export const themeOf = (
  declared: ReadonlyMap<DeclarationReflection, string>,
): typeof MarkdownTheme => {
  class PageContext extends MarkdownThemeContext {
    constructor(...args: ConstructorParameters<typeof MarkdownThemeContext>) {
      super(...args);
      const { declaration } = this.partials;
      this.partials = {
        ...this.partials,
        // A signature says what it returns; where that needs words, the docstring has them.
        signatureReturns: () => '',
        declaration: (model, options) => {
          const text = model.kind === ReflectionKind.TypeAlias ? declared.get(model) : undefined;
          if (text === undefined) return declaration(model, options);
          const headingLevel = options?.headingLevel ?? 2;
          const comment = (showSummary: boolean) =>
            model.comment === undefined
              ? []
              : [
                  this.partials.comment(model.comment, {
                    headingLevel,
                    showSummary,
                    showTags: !showSummary,
                  }),
                ];
          return [`\`\`\`ts\n${text}\n\`\`\``, ...comment(true), ...comment(false)].join('\n\n');
        },
      };
    }
  }
  return class extends MarkdownTheme {
    override getRenderContext(page: MarkdownPageEvent<Reflection>): MarkdownThemeContext {
      return new PageContext(this, page, this.application.options);
    }
  };
};
