import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CORE_ROOMS } from '../architecture/core-rooms.ts';
import { ADAPTER_PACKAGES, PARTS, rulesFor } from '../architecture/rules.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
const sectionOf = (title: string): string =>
  page.split(/^## /m).find((section) => section.startsWith(`${title}\n`)) ?? '';
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The services that have each file of which the page says `adapters/<service>/...`. */
const services = ['openai', 'anthropic', 'gemini'];
/** Those that use OpenAI's file where they have none of this name. */
const compatible = ['mistral', 'xai'];
const filesOf = (path: string): readonly string[] => {
  const of = (service: string): string => path.replace('<service>', service);
  return path.includes('<service>')
    ? [...services.map(of), ...compatible.map(of).filter((own) => existsSync(join(root, own)))]
    : [path];
};

/** A question of the table, the file that answers it, and the name to read there. */
interface Answer {
  readonly question: string;
  readonly path: string;
  readonly name: string;
}

const answersIn = (section: string): readonly Answer[] =>
  [...section.matchAll(/^\| (.+?) \| `([^`]+)` \| `(\w+)` \|$/gm)].map(
    ([, question = '', path = '', name = '']) => ({ question, path, name }),
  );

const declares = (path: string, name: string): boolean =>
  existsSync(join(root, path)) &&
  new RegExp(`^export (?:const|function|interface|type|class) ${name}\\b`, 'm').test(textOf(path));

/** The folders of a part; files beside them are its index. */
const foldersIn = (part: string): readonly string[] =>
  readdirSync(join(root, part), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

/** What stands in backticks; blocks of code are left out. */
const quotedIn = (markdown: string): readonly string[] =>
  [...markdown.replace(/^```.*?^```/gms, '').matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text);
const quoted = quotedIn(page);

/** Files that are named without their folder, and paths that lead nowhere. */
const lostIn = (words: readonly string[]): readonly string[] =>
  words
    .filter((word) => /^[\w<>./-]+$/.test(word))
    .filter((word) =>
      /^(?:lib|adapters|cli|spec|docs)\//.test(word)
        ? !word.includes('<name>') && !filesOf(word).every((path) => existsSync(join(root, path)))
        : word.endsWith('.ts'),
    );

/** The rows of a table: its cells, without the backticks of the first one. */
const rowsOf = (section: string, head: string): readonly (readonly string[])[] => {
  const lines = section.split('\n');
  const start = lines.indexOf(head);
  const end = lines.indexOf('', start);
  return start < 0
    ? []
    : lines.slice(start + 2, end).map((line) => line.slice(2, -2).split(/ ?\| ?/));
};

/** Names in a cell of imports; what stands in brackets explains one. */
const namesIn = (cell = ''): readonly string[] =>
  cell
    .replace(/ \([^)]*\)/g, '')
    .split(', ')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'nothing')
    .toSorted();

const adapters = foldersIn('adapters');
const rules = rulesFor(adapters);
const packages = [
  'fp-ts',
  'io-ts',
  'rxjs',
  '@standard-schema/spec',
  'clipanion',
  'typanion',
  'jiti',
];

/** What the rule of this name lets through: parts of lib, adapters, packages, Node. */
const allowedBy = (rule: string, itself: string): readonly string[] => {
  const found = rules.find(({ name }) => name === rule);
  const to: { readonly pathNot?: string | string[]; readonly dependencyTypesNot?: string[] } =
    found !== undefined && 'to' in found ? found.to : {};
  const may = [to.pathNot ?? []].flat();
  const lets = (path: string): boolean =>
    may.some((each) => new RegExp(each).test(path) || each.startsWith(`^${path}`));
  const named = [
    ...PARTS.map((part) => [part, `lib/${part}/`] as const),
    ...adapters.map((adapter) => [adapter, `adapters/${adapter}/`] as const),
    ...[...packages, ...Object.values(ADAPTER_PACKAGES).flat()].map(
      (name) => [name, `node_modules/${name}/`] as const,
    ),
  ].filter(([, path]) => path !== itself && lets(path));
  const usesNode = [to.dependencyTypesNot ?? []].flat().includes('core');
  return [...named.map(([name]) => name), ...(usesNode ? ['Node'] : [])].toSorted();
};

describe('docs/architecture.md', () => {
  it('leads each question to the file that exports the answer', () => {
    const section = sectionOf('Where it is decided');
    const answers = answersIn(section);
    expect(answers.length).toBeGreaterThanOrEqual(100);
    expect(
      answers.filter(({ path, name }) => !filesOf(path).every((file) => declares(file, name))),
    ).toEqual([]);
    // Every row is read: the others are the heads of groups.
    expect(section.match(/^\| (?!question|\*\*).*\|$/gm)).toHaveLength(answers.length);
    // Planted: a file that is there and does not export it.
    expect(declares('lib/core/values/failure.ts', 'failureActions')).toBe(false);
  });

  it('reads files of services under one name, those that speak as OpenAI does included', () => {
    const settings = 'adapters/<service>/config/settings.ts';
    expect(filesOf(settings)).toHaveLength(services.length + compatible.length);
    expect(filesOf('adapters/<service>/requests/prompt.ts')).toHaveLength(services.length);
  });

  it('asks each question once, and whole: none continues the one above it', () => {
    const whole = answersIn(sectionOf('Where it is decided')).map(({ question }) => question);
    expect(new Set(whole).size).toBe(whole.length);
    expect(whole.filter((question) => !/^[A-Z]/.test(question))).toEqual([]);
    expect(page.trimEnd().endsWith('|')).toBe(true);
  });

  it('names files by paths that exist, wherever it names one', () => {
    expect(quoted.filter((word) => word.endsWith('.ts')).length).toBeGreaterThanOrEqual(150);
    expect(lostIn(quoted)).toEqual([]);
    const steps = /^## A new provider\n.*?(?=^## )/ms.exec(textOf('docs/contributing.md'))?.[0];
    const named = quotedIn(steps ?? '');
    expect(named.length).toBeGreaterThanOrEqual(8);
    expect(lostIn(named)).toEqual([]);
    expect(
      lostIn(['pack.ts', 'lib/core/pack.ts', 'lib/core/plan/', 'adapters/<service>/index.ts']),
    ).toEqual(['pack.ts', 'lib/core/pack.ts']);
  });

  it('walks by files, along the whole way', () => {
    const named = [...sectionOf('Three walks').matchAll(/`((?:lib|adapters|cli)\/[\w./-]+)`/g)];
    expect(named.length).toBeGreaterThanOrEqual(30);
  });

  it('calls commands, events and effects by names that exist', () => {
    const model = ['command', 'event', 'effect'].map((of) => textOf(`lib/core/model/${of}.ts`));
    const ours = ['BatchRunner', 'Run', 'TaskEither', 'BatchorError'];
    const named = quoted.filter((word) => /^(?:[A-Z][a-z]+)+$/.test(word) && !ours.includes(word));
    const table = answersIn(page).map(({ name }) => name);
    expect(named.length).toBeGreaterThanOrEqual(40);
    expect(
      named.filter((name) => !table.includes(name) && !model.join('').includes(`'${name}'`)),
    ).toEqual([]);
  });

  it('gives each effect to the stage that decides it, in whose folder it is performed', () => {
    const head = '| stage | what happens | decided in | performed in | effects |';
    const performer = textOf('lib/effects/performer.ts');
    const folderOf = (effect: string): string | undefined => {
      const performed = new RegExp(`case '${effect}':\\s+return (\\w+)\\(`).exec(performer)?.[1];
      // Made once for the run, where it keeps something, or for each effect.
      const kept = new RegExp(`const ${performed} = (\\w+)\\(`).exec(performer)?.[1];
      const made = kept ?? performed;
      return performer
        .split(/^import /m)
        .find((each) => new RegExp(`\\b${made}\\b[^;]*from`).test(each))
        ?.match(/from '\.\/(\w+)\//)?.[1];
    };
    const stages = rowsOf(sectionOf('The stages'), head);
    const inOrder = stages.map(([stage = '']) => stage).filter((stage) => stage !== 'results');
    expect(inOrder).toEqual(CORE_ROOMS.filter((room) => inOrder.includes(room)));
    const told = stages.flatMap(([stage = '', , , , cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, effect = '']) => ({ stage, effect })),
    );
    const types = [...textOf('lib/core/model/effect.ts').matchAll(/readonly type: '(\w+)'/g)];
    expect(told.map(({ effect }) => effect).toSorted()).toEqual(
      types.map(([, type = '']) => type).toSorted(),
    );
    // These two are commits alone.
    const outside = told.filter(({ effect }) => !['ReplanBatch', 'DropBatch'].includes(effect));
    expect(outside.map(({ effect }) => folderOf(effect))).toEqual(
      outside.map(({ stage }) => stage),
    );
  });

  it('says who may import whom as the rules do', () => {
    const plan = sectionOf('The parts, and who may import whom');
    const parts = rowsOf(plan, '| folder | is | imports |').map(([cell = '', , imports]) => ({
      part: cell.replaceAll('`', '').replace('lib/', ''),
      imports: namesIn(imports),
    }));
    const ofLib = parts.filter(({ part }) => PARTS.includes(part));
    expect(ofLib.map(({ part }) => part).toSorted()).toEqual(foldersIn('lib').toSorted());
    for (const { part, imports } of ofLib)
      expect(imports, part).toEqual(allowedBy(part, `lib/${part}/`));
    const importsOf = (name: string) => parts.find(({ part }) => part === name)?.imports;
    // The plainest of the adapters: what it may is what all may.
    const shared = allowedBy('adapter-jsonl', 'adapters/jsonl/').filter((name) => name !== 'files');
    expect(importsOf('adapters/*')).toEqual(shared);
    const ofCli = allowedBy('cli', 'cli/').filter((name) => !PARTS.includes(name));
    expect(importsOf('cli')).toEqual([...ofCli, 'all of lib'].toSorted());

    const table = rowsOf(plan, '| adapter | is | its packages | other imports |');
    const own = table.map(([cell = '', , its, others]) => ({
      adapter: cell.replaceAll('`', ''),
      imports: [...namesIn(its), ...namesIn(others)].toSorted(),
    }));
    expect(own.map(({ adapter }) => adapter).toSorted()).toEqual(adapters.toSorted());
    for (const { adapter, imports } of own)
      expect(imports, adapter).toEqual(
        allowedBy(`adapter-${adapter}`, `adapters/${adapter}/`).filter(
          (name) => name !== 'files' && !shared.includes(name),
        ),
      );
  });

  it('names every folder of the larger parts', () => {
    const plan = sectionOf('The parts, and who may import whom');
    const rows = rowsOf(plan, '| in | folders |');
    for (const part of ['lib/core', 'lib/run', 'adapters/openai', 'adapters/filestore', 'cli']) {
      const [, cell = ''] = rows.find(([first]) => first === `\`${part}\``) ?? [];
      const words = [...cell.matchAll(/`([\w-]+)`/g)].map(([, word = '']) => word);
      expect(words.toSorted(), part).toEqual(foldersIn(part).toSorted());
    }
  });

  it('is read in one go, its table of questions apart', () => {
    const prose = page.split('\n').length - answersIn(page).length;
    expect(prose).toBeLessThan(250);
  });
});
