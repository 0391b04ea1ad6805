import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Application,
  Comment,
  CommentTag,
  Converter,
  Logger,
  LogLevel,
  ReferenceReflection,
  ReflectionKind,
} from 'typedoc';
import type {
  Context,
  DeclarationReflection,
  PageEvent,
  ProjectReflection,
  TypeDocOptions,
} from 'typedoc';
import { MarkdownPageEvent } from 'typedoc-plugin-markdown';
import ts from 'typescript';
import { type Entry, entriesOf, inReadingOrder } from './page-entries.ts';
import { formatPage, themeOf } from './page-theme.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Parts of other types, which stand in signatures for the compiler: no name to write by hand. */
const NOT_EXPORTED = [
  'AnyProviderConfig',
  'Brand',
  'JobBody',
  'JobInput',
  'JobResult',
  'JsonTypeName',
  'MetadataOf',
  'NotParams',
  'Opening',
  'OutputReading',
  'PayloadOf',
  'Referred',
  'RunnerOptions',
  'SchemaCompiler',
  'Thinking',
  'Typed',
];

const TABLES = [
  'interfaceProperties',
  'classProperties',
  'typeAliasProperties',
  'propertyMembers',
  'typeDeclaration',
];

// No machine, no commit, no version: the same declarations make the same pages.
const OPTIONS = {
  plugin: ['typedoc-plugin-markdown'],
  theme: 'pages',
  name: 'API',
  readme: 'none',
  disableSources: true,
  disableGit: true,
  includeVersion: false,
  hideGenerator: true,
  excludeExternals: true,
  excludeInternal: true,
  skipErrorChecking: true,
  logLevel: 'Warn' as const,
  intentionallyNotExported: NOT_EXPORTED,
  outputFileStrategy: 'modules',
  indexFormat: 'table',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  expandParameters: true,
  parametersFormat: 'none',
  ...Object.fromEntries(TABLES.map((part) => [`${part}Format`, 'table'])),
  tableColumnSettings: {
    hideModifiers: true,
    hideInherited: true,
    hideOverrides: true,
    hideSources: true,
  },
};

/** A type as it is declared; one that is computed from values is shown as what it comes to. */
const declaredText = (context: Context, reflection: DeclarationReflection): string | null => {
  const symbol = context.getSymbolFromReflection(reflection);
  const declaration = symbol?.declarations?.find(ts.isTypeAliasDeclaration);
  if (symbol === undefined || declaration === undefined) return null;
  const text = declaration.getText().replace(/^(?:export |declare )+/, '');
  if (!/\btypeof\b/.test(text)) return text;
  const { NoTruncation, InTypeAlias, UseSingleQuotesForStringLiteralType } = ts.TypeFormatFlags;
  const flags = NoTruncation | InTypeAlias | UseSingleQuotesForStringLiteralType;
  const type = context.checker.getDeclaredTypeOfSymbol(symbol);
  return `type ${reflection.name} = ${context.checker.typeToString(type, undefined, flags)};`;
};

/** A type and the value of its name (a codec) are one entry: the type says what both are. */
const typeOfValue = (
  value: DeclarationReflection,
  { children }: DeclarationReflection,
): DeclarationReflection | undefined =>
  value.kindOf(ReflectionKind.Interface)
    ? undefined
    : children?.find(
        (other) => other.name === value.name && other.kindOf(ReflectionKind.Interface),
      );

const isInherited = (reflection: DeclarationReflection): boolean =>
  reflection.kindOf(ReflectionKind.Constructor) && reflection.inheritedFrom !== undefined;

/** Notes the declarations of types, and names the modules by their doors. */
const noteDeclarations = (
  app: Application,
  entries: readonly Entry[],
): ReadonlyMap<DeclarationReflection, string> => {
  const declared = new Map<DeclarationReflection, string>();
  const note = (context: Context, reflection: DeclarationReflection): void => {
    if (reflection.kindOf(ReflectionKind.Module)) {
      const file = context.getSymbolFromReflection(reflection)?.declarations?.[0]?.getSourceFile();
      reflection.name = entries.find(({ path }) => path === file?.fileName)?.door ?? '';
      return;
    }
    const text = reflection.kindOf(ReflectionKind.TypeAlias)
      ? declaredText(context, reflection)
      : null;
    if (text !== null) declared.set(reflection, text);
    if (isInherited(reflection)) context.project.removeReflection(reflection);
  };
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, note);
  return declared;
};

/** Removes the value, and lets the doors that refer to it refer to the type. */
const joinWithType = (
  value: DeclarationReflection,
  type: DeclarationReflection,
  project: ProjectReflection,
): void => {
  for (const door of project.children ?? [])
    for (const child of [...(door.children ?? [])]) {
      if (!child.isReference() || child.getTargetReflection() !== value) continue;
      const reference = new ReferenceReflection(child.name, type, door);
      project.removeReflection(child);
      door.addChild(reference);
      project.registerReflection(reference, undefined, undefined);
    }
  project.removeReflection(value);
};

/** Gives each door its first paragraph, and each name the heading that it stands under. */
const writeHeadings = (project: ProjectReflection, entries: readonly Entry[]): void => {
  const doors = project.children ?? [];
  for (const door of doors)
    for (const child of [...(door.children ?? [])]) {
      const type = typeOfValue(child, door);
      if (type !== undefined) joinWithType(child, type, project);
    }
  for (const door of doors) {
    const entry = entries.find((each) => each.door === door.name);
    door.comment = new Comment([{ kind: 'text', text: entry?.intro ?? '' }]);
    for (const child of door.children ?? []) {
      const heading = entry?.headings.get(child.name);
      if (heading === undefined) continue;
      const commented = child.signatures?.[0] ?? child;
      commented.comment ??= new Comment();
      commented.comment.blockTags.push(new CommentTag('@group', [{ kind: 'text', text: heading }]));
    }
  }
};

/** Doors in their order, and headings in the order of the index files. */
const sortPages = (project: ProjectReflection, entries: readonly Entry[]): void => {
  const rank = ({ name }: { readonly name: string }): number =>
    entries.findIndex(({ door }) => door === name);
  for (const { children } of project.groups ?? []) children.sort((a, b) => rank(a) - rank(b));
  for (const door of project.children ?? []) {
    const headings = [...new Set(entries[rank(door)]?.headings.values())];
    door.groups?.sort((a, b) => headings.indexOf(a.title) - headings.indexOf(b.title));
  }
};

/** A type that is computed from a value is shown as what it comes to: the value needs no page. */
const isOfValue = (message: string): boolean =>
  /^[a-z]\w*, defined in \S+, is referenced by/.test(message);

/** Reads the doors and writes their pages; `aside` is a folder for files in between. */
const generate = async (dist: string, out: string, aside: string): Promise<readonly string[]> => {
  const entries = entriesOf(dist, aside);
  const options: Partial<TypeDocOptions> & Readonly<Record<string, unknown>> = {
    ...OPTIONS,
    sort: ['source-order'],
    entryPoints: inReadingOrder(entries).map(({ path }) => path),
    tsconfig: join(root, 'spec/tsconfig.pages.json'),
    basePath: dist,
    out,
  };
  const app = await Application.bootstrapWithPlugins(options);
  const warnings: string[] = [];
  app.logger = new (class extends Logger {
    override log(message: string, level: LogLevel): void {
      if (level >= LogLevel.Warn && !isOfValue(message)) warnings.push(message);
    }
  })();
  app.renderer.defineTheme('pages', themeOf(noteDeclarations(app, entries)));
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }: Context) => {
    writeHeadings(project, entries);
  });
  app.renderer.on(MarkdownPageEvent.END, (page: PageEvent) => {
    if (!(page instanceof MarkdownPageEvent)) return;
    page.preWriteAsyncJobs.push(async () => {
      page.contents = await formatPage(page.contents ?? '');
    });
  });
  const project = await app.convert();
  if (project === undefined) return [...warnings, 'nothing was converted'];
  sortPages(project, entries);
  app.validate(project);
  await app.generateOutputs(project);
  return warnings;
};

/**
 * Writes a page for each door of a build into `out`, and removes what else is there: every export
 * with its docstring and its declaration, under the headings of the door's index file. Gives the
 * warnings.
 */
export const writePages = async (dist: string, out: string): Promise<readonly string[]> => {
  const aside = mkdtempSync(join(root, '.build-pages-'));
  try {
    return await generate(dist, out, aside);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
};
