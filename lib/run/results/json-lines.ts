import type { Cell, TableColumn, TableFormat } from '../../ports/table.ts';

const encoder = new TextEncoder();

/** A table as JSON lines: a flat object per row, with a key per column. */
export const jsonLinesFormat = (): TableFormat => ({
  name: 'jsonl',
  extensions: ['.jsonl', '.ndjson'],
  isText: true,
  async *encode({ columns, pages }) {
    const keys = columns.map(({ name }) => JSON.stringify(name));
    for await (const page of pages) {
      let text = '';
      for (let row = 0; row < page.rowCount; row += 1) {
        const fields = columns.map(
          (column, columnIndex) =>
            `${keys[columnIndex]}:${jsonOfCell(column, page.columns[columnIndex]?.[row] ?? null)}`,
        );
        text += `{${fields.join(',')}}\n`;
      }
      if (text !== '') yield encoder.encode(text);
    }
  },
});

/** The cell as JSON. Cells of a JSON column already are. */
export const jsonOfCell = ({ type }: Pick<TableColumn, 'type'>, cell: Cell): string =>
  type === 'json' && typeof cell === 'string' ? cell : JSON.stringify(cell);
