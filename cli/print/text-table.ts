/**
 * Rows of cells as lines: columns as wide as their widest cell, numbers to the right. The first row
 * is the header. Ids and the provider's messages may hold any character: line ends and terminal
 * controls are shown as in JSON.
 */
export const tableOf = (rows: readonly (readonly (string | number)[])[]): readonly string[] => {
  const shown = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? cell : withoutControls(cell))),
  );
  const widths = (shown[0] ?? []).map((_, column) =>
    Math.max(...shown.map((row) => String(row[column] ?? '').length)),
  );
  return shown.map((row) =>
    row
      .map((cell, column) =>
        typeof cell === 'number'
          ? String(cell).padStart(widths[column] ?? 0)
          : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
};

/** One line of text: line ends and terminal controls are shown as in JSON. */
export const withoutControls = (text: string): string =>
  text.replaceAll(
    /[\p{Cc}\u2028\u2029]/gu,
    (found) => `\\u${(found.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
