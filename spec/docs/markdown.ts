/** A fenced block of a document. */
export interface Block {
  /** The document, relative to the project. */
  readonly doc: string;
  /** 1-based line of the block's first line of text. */
  readonly line: number;
  /** The first word after the fence; empty where there is none. */
  readonly language: string;
  /**
   * True of commands in a comment (`<!-- sh`): readers do not see them. They check what the block
   * before did.
   */
  readonly isHidden: boolean;
  /**
   * `file=NAME` after the language: the text is that file, in the folder where the document's
   * commands run.
   */
  readonly file: string | null;
  readonly text: string;
}

/** A document and its blocks, in their order. */
export interface Doc {
  readonly path: string;
  /**
   * Says `<!-- emulator -->` before its first heading or text: its commands speak to an emulator.
   */
  readonly usesEmulator: boolean;
  /** Whose API that is: `<!-- emulator NAME -->`, by default OpenAI's. */
  readonly emulates: string;
  /** Says `<!-- postgres -->` there: its commands have a database of their own. */
  readonly usesPostgres: boolean;
  readonly blocks: readonly Block[];
}

const OPENING = /^( *)(`{3,}|~{3,})\s*([^\s`]*)(.*)$/;
const HIDDEN = /^<!-- (sh)$/;

/**
 * Reads the fenced blocks of a markdown document. A fence that is never closed is an error: half a
 * document would go unchecked.
 */
export const parseDoc = (path: string, markdown: string): Doc => {
  const blocks: Block[] = [];
  let open: {
    readonly fence: string;
    readonly indent: number;
    readonly start: number;
    readonly language: string;
    readonly info: string;
    readonly isHidden: boolean;
  } | null = null;
  const lines = markdown.split('\n');
  lines.forEach((line, index) => {
    if (open === null) {
      const [, hidden] = HIDDEN.exec(line) ?? [];
      if (hidden !== undefined)
        open = {
          fence: '-->',
          indent: 0,
          start: index + 1,
          language: hidden,
          info: '',
          isHidden: true,
        };
      const [, indent, fence, language, info] = OPENING.exec(line) ?? [];
      if (fence !== undefined) {
        open = {
          fence,
          indent: indent?.length ?? 0,
          start: index + 1,
          language: language ?? '',
          info: info ?? '',
          isHidden: false,
        };
      }
      return;
    }
    if (
      open.isHidden
        ? line !== '-->'
        : line.trim() === '' ||
          line.trim().replaceAll(open.fence.charAt(0), '') !== '' ||
          line.trim().length < open.fence.length
    )
      return;
    const { start, indent, language, info, isHidden } = open;
    const text = lines
      .slice(start, index)
      .map((each) => each.slice(Math.min(indent, each.length - each.trimStart().length)));
    const file = /\bfile=(\S+)/.exec(info)?.[1] ?? null;
    blocks.push({
      doc: path,
      line: start + 1,
      language,
      isHidden,
      file,
      text: text.map((each) => `${each}\n`).join(''),
    });
    open = null;
  });
  if (open !== null) throw new Error(`${path}: a fenced block is never closed`);
  const comments = /^\s*(<!--[^>]*-->\s*)*/.exec(markdown)?.[0] ?? '';
  const emulator = /<!-- emulator(?: ([a-z]+))? -->/.exec(comments);
  return {
    path,
    usesEmulator: emulator !== null,
    emulates: emulator?.[1] ?? 'openai',
    usesPostgres: comments.includes('<!-- postgres -->'),
    blocks,
  };
};
