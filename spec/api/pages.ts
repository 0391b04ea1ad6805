import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  Application,
  Comment,
  CommentTag,
  Converter,
  Logger,
  LogLevel,
  ReflectionKind,
} from 'typedoc';
import type { Context, DeclarationReflection, PageEvent, TypeDocOptions } from 'typedoc';
import { MarkdownPageEvent } from 'typedoc-plugin-markdown';
import ts from 'typescript';
import { groupsOf } from './groups.ts';
import { formatPage, themeOf } from './page-theme.ts';
import { doorsOf, programOf } from './surface.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Another name of `batchor/adapters/filestore`. */
const WITHOUT_PAGE = ['batchor/adapters/sqljs'];

/** Types that stand in a signature for the compiler alone: what they mean is said where they stand. */
const NOT_EXPORTED: string[] = [];

const INTERNAL = 'batchor/core/internal';

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
  treatWarningsAsErrors: false,
  intentionallyNotExported: NOT_EXPORTED,
  outputFileStrategy: 'modules',
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

/** The names of a door and of its index file, whose comments are the headings of the page. */
const groupsIn = (dist: string, doors: ReadonlyMap<string, string>) => {
  const program = programOf(doors);
  const checker = program.getTypeChecker();
  const exportsOf = (modulePath: string): readonly string[] => {
    const file = program.getSourceFile(join(dist, relative(root, `${modulePath}.d.ts`)));
    const symbol = file && checker.getSymbolAtLocation(file);
    return symbol === undefined ? [] : checker.getExportsOfModule(symbol).map(({ name }) => name);
  };
  return new Map(
    [...doors].map(([door, path]) => {
      const index = join(root, relative(dist, path).replace(/\.d\.ts$/, '.ts'));
      return [door, groupsOf(index, readFileSync(index, 'utf8'), exportsOf)];
    }),
  );
};

/**
 * Gives the internal door as one that names each export. A name of several doors is described in
 * the first one that declares it and referred to in the others, and whole modules that a door
 * re-exports come before names, wherever the door stands.
 */
const internalByName = (dist: string, aside: string): string => {
  const path = join(dist, 'lib/core/internal.d.ts');
  const program = programOf(new Map([['internal', path]]));
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(path);
  const symbol = file && checker.getSymbolAtLocation(file);
  const names = symbol === undefined ? [] : checker.getExportsOfModule(symbol);
  const named = join(aside, 'internal.d.ts');
  const list = names.map(({ name }) => `  ${name},\n`).join('');
  const from = path.replace(/\.d\.ts$/, '.js');
  writeFileSync(
    named,
    `${headerOf(file?.text ?? '')}\nexport {\n${list}} from ${JSON.stringify(from)};\n`,
  );
  return named;
};

/** The docstring of an index file, which is the page's first paragraph. */
const headerOf = (text: string): string => /^\/\*\*[^]*?\*\//.exec(text)?.[0] ?? '';

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
const isValueOfType = (reflection: DeclarationReflection, door: DeclarationReflection): boolean =>
  !reflection.kindOf(ReflectionKind.Interface) &&
  (door.children ?? []).some(
    (other) => other.name === reflection.name && other.kindOf(ReflectionKind.Interface),
  );

const isInherited = (reflection: DeclarationReflection): boolean =>
  reflection.kindOf(ReflectionKind.Constructor) && reflection.inheritedFrom !== undefined;

const byLastDoor = ([a]: readonly [string, string], [b]: readonly [string, string]): number =>
  Number(a === INTERNAL) - Number(b === INTERNAL);

/**
 * Writes a page for each door of a build into `out`, an empty folder: every export with its
 * docstring and its declaration, under the headings of the door's index file. Gives the warnings.
 */
export const writePages = async (dist: string, out: string): Promise<readonly string[]> => {
  const doors = new Map([...doorsOf(dist)].filter(([door]) => !WITHOUT_PAGE.includes(door)));
  const groups = groupsIn(dist, doors);
  const aside = mkdtempSync(join(root, '.build-pages-'));
  const entries = [...doors]
    .map(([door, path]): readonly [string, string] => [
      door,
      door === INTERNAL ? internalByName(dist, aside) : path,
    ])
    .toSorted(byLastDoor);
  const doorAt = new Map(entries.map(([door, path]) => [path, door]));
  const options: Partial<TypeDocOptions> & Readonly<Record<string, unknown>> = {
    ...OPTIONS,
    sort: ['source-order'],
    entryPoints: entries.map(([, path]) => path),
    tsconfig: join(root, 'spec/tsconfig.pages.json'),
    basePath: dist,
    out,
  };
  const app = await Application.bootstrapWithPlugins(options);
  const warnings: string[] = [];
  app.logger = new (class extends Logger {
    override log(message: string, level: LogLevel): void {
      if (level >= LogLevel.Warn) warnings.push(message);
    }
  })();
  const declared = new Map<DeclarationReflection, string>();
  app.converter.on(
    Converter.EVENT_CREATE_DECLARATION,
    (context: Context, reflection: DeclarationReflection) => {
      if (reflection.kindOf(ReflectionKind.Module)) {
        const file = context.getSymbolFromReflection(reflection)?.declarations?.[0];
        const door = doorAt.get(file?.getSourceFile().fileName ?? '');
        if (door !== undefined) reflection.name = door;
        return;
      }
      if (reflection.kindOf(ReflectionKind.TypeAlias)) {
        const text = declaredText(context, reflection);
        if (text !== null) declared.set(reflection, text);
      }
      if (isInherited(reflection)) context.project.removeReflection(reflection);
    },
  );
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context: Context) => {
    for (const door of context.project.children ?? [])
      for (const child of [...(door.children ?? [])]) {
        if (isValueOfType(child, door)) {
          context.project.removeReflection(child);
          continue;
        }
        const heading = groups.get(door.name)?.get(child.name);
        if (heading === undefined) continue;
        const commented = child.signatures?.[0] ?? child;
        commented.comment ??= new Comment();
        commented.comment.blockTags.push(
          new CommentTag('@group', [{ kind: 'text', text: heading }]),
        );
      }
  });
  app.renderer.defineTheme('pages', themeOf(declared));
  app.renderer.on(MarkdownPageEvent.END, (page: PageEvent) => {
    if (!(page instanceof MarkdownPageEvent)) return;
    page.preWriteAsyncJobs.push(async () => {
      page.contents = await formatPage(page.contents ?? '');
    });
  });
  const project = await app.convert();
  if (project === undefined) return [...warnings, 'nothing was converted'];
  app.validate(project);
  await app.generateOutputs(project);
  rmSync(aside, { recursive: true });
  return warnings;
};
