import type { Import } from './cruise.ts';

/**
 * The folders of the core from the ground up: each knows only those before it, so that a stage is
 * read with what stands under it alone.
 */
export const CORE_ROOMS: readonly string[] = [
  ...[
    'json',
    'values',
    'model',
    'control',
    'faults',
    'money',
    'source',
    'plan',
    'submit',
    'poll',
    'reconcile',
    'settle',
  ],
  ...['artifacts', 'codec', 'machine'],
];

/** The folder of the core that a file lies in; null: in none. */
export const roomOf = (path: string): string | null =>
  /^lib\/core\/([\w-]+)\//.exec(path)?.[1] ?? null;

/** Imports by which a folder of the core knows one above it. */
export const upward = (imports: readonly Pick<Import, 'from' | 'to'>[]): readonly string[] =>
  imports.flatMap(({ from, to }) => {
    const [below, above] = [roomOf(from), roomOf(to)];
    return below !== null && above !== null && CORE_ROOMS.indexOf(above) > CORE_ROOMS.indexOf(below)
      ? [`${from} -> ${to}`]
      : [];
  });
