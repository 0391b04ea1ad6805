/** Which rows wait for which: by the row that is sent for them, in item order. Rows are never taken out; those that have ended are passed over. */
export class SharedWaiters {
  readonly #byRow = new Map<number, { readonly rows: number[]; passed: number }>();

  add(sent: number, index: number): void {
    const known = this.#byRow.get(sent);
    if (known === undefined) this.#byRow.set(sent, { rows: [index], passed: 0 });
    else known.rows.push(index);
  }

  /** Takes the last rows away again, from an index on. */
  truncate(sent: number, index: number): void {
    const known = this.#byRow.get(sent);
    while (known !== undefined && (known.rows.at(-1) ?? -1) >= index) known.rows.pop();
  }

  /** Rows that had ended may wait again. */
  undo(): void {
    for (const known of this.#byRow.values()) known.passed = 0;
  }

  /** At most so many rows that still wait for this one. What was passed over is not looked at again: rows end in item order. */
  waitingFor(sent: number, isWaiting: (index: number) => boolean, rowsMax: number): readonly number[] {
    const known = this.#byRow.get(sent);
    if (known === undefined) return [];
    const { rows } = known;
    while (known.passed < rows.length && !isWaiting(rows[known.passed] as number)) known.passed += 1;
    return rows.slice(known.passed, known.passed + rowsMax).filter(isWaiting);
  }
}
