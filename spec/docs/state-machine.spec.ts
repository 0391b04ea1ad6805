import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { batchArrows, failureClasses, itemArrows } from '../../lib/core/internal.ts';
import { renderStateMachine, stateMachinePath } from './state-machine.ts';

describe('docs/state-machine.md', () => {
  const page = readFileSync(stateMachinePath, 'utf8');

  it('is what the tables in lib/core say; `npx tsx spec/docs/state-machine.ts --write` makes it so', () => {
    expect(page).toBe(renderStateMachine());
  });

  it('has a row for every arrow and every failure class', () => {
    const rows = page
      .split('\n')
      .filter(
        (line) =>
          line.startsWith('| ') && !line.startsWith('| ---') && !/^\| (from|class) /.test(line),
      );
    expect(rows.length).toBe(itemArrows.length + batchArrows.length + failureClasses.length);
    const classRows = new Set(failureClasses.map((name) => `| \`${name}\` `));
    for (const row of rows) {
      const isOfClass = classRows.has(row.slice(0, row.indexOf('|', 1)));
      expect(row.match(/(?<!\\)\|/g)?.length, row).toBe(isOfClass ? 5 : 4);
    }
  });
});
