import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cruise } from 'dependency-cruiser';
import type { ICruiseResult } from 'dependency-cruiser';
import { rulesFor } from './rules.ts';

/** One import as it is written. */
export interface Import {
  readonly from: string;
  /** The specifier in the source. */
  readonly specifier: string;
  /** The file it means, relative to the tree. */
  readonly to: string;
}

export interface Cruised {
  /** Our own files, relative to the tree. */
  readonly files: readonly string[];
  readonly imports: readonly Import[];
  /** `rule: from -> to`, sorted. */
  readonly violations: readonly string[];
  readonly rules: readonly string[];
}

const SHIPPED = ['lib', 'adapters', 'cli'];

/**
 * Reads every import of the lib, adapters and cli folders under a root, and holds them against the
 * rules.
 */
export const cruiseTree = async (root: string): Promise<Cruised> => {
  const folders = SHIPPED.filter((folder) => existsSync(join(root, folder)));
  const adapters = existsSync(join(root, 'adapters'))
    ? readdirSync(join(root, 'adapters'), { withFileTypes: true }).filter((entry) =>
        entry.isDirectory(),
      )
    : [];
  const forbidden = rulesFor(adapters.map((entry) => entry.name));
  const { output } = await cruise(
    folders,
    {
      baseDir: root,
      validate: true,
      ruleSet: { forbidden },
      tsPreCompilationDeps: true,
      doNotFollow: { path: 'node_modules' },
    },
    // A package may have nothing but `exports`.
    { exportsFields: ['exports'], conditionNames: ['node', 'require', 'default'] },
  );
  if (typeof output === 'string') throw new Error('dependency-cruiser answered with text');
  return { ...summarised(output), rules: forbidden.map((rule) => rule.name ?? '') };
};

const summarised = ({ modules, summary }: ICruiseResult): Omit<Cruised, 'rules'> => {
  const own = modules.filter((module) =>
    SHIPPED.some((folder) => module.source.startsWith(`${folder}/`)),
  );
  return {
    files: own.map((module) => module.source),
    imports: own.flatMap(({ source, dependencies }) =>
      dependencies.map(({ module, resolved }) => ({
        from: source,
        specifier: module,
        to: resolved,
      })),
    ),
    violations: summary.violations
      .map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)
      .toSorted(),
  };
};
