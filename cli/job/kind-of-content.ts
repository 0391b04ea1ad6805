import { open } from 'node:fs/promises';
import type { InputKind } from './input-kinds.ts';

/** The first line of JSON lines is rarely longer; a longer one is taken to be one. */
const headBytes = 256 * 1024;

/**
 * The kind of a file that has no name, by its first bytes: Parquet and Arrow by their marks, JSON
 * by its first bracket, else CSV.
 */
export const kindOfContent = async (path: string): Promise<InputKind> => {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return kindOfHead(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
};

/** The compression of a file without a name, with the command that undoes it; null: none. */
export const packedAs = async (
  path: string,
): Promise<{ readonly format: string; readonly command: string } | null> => {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    const mark = buffer.toString('hex');
    if (mark.startsWith('1f8b')) return { format: 'gzip', command: 'gunzip -c' };
    return mark === '28b52ffd' ? { format: 'zstd', command: 'zstd -dc' } : null;
  } finally {
    await file.close();
  }
};

export const kindOfHead = (head: Buffer): InputKind => {
  const marks = head.toString('latin1', 0, 6);
  if (marks.startsWith('PAR1')) return 'parquet';
  if (marks === 'ARROW1' || marks.startsWith('\u00ff\u00ff\u00ff\u00ff')) return 'arrow';
  const text = textOf(head).trimStart();
  if (text.startsWith('[')) return 'json';
  if (!text.startsWith('{')) return 'csv';
  const end = text.indexOf('\n');
  // The reader of JSON takes one object on one line for a row, too, and finds the list in it.
  if (head.length < headBytes && (end === -1 || text.slice(end).trim() === '')) return 'json';
  return end === -1 || isJson(text.slice(0, end)) ? 'jsonl' : 'json';
};

/** Without its byte order mark. */
const textOf = (head: Buffer): string => {
  const mark = head.toString('latin1', 0, 2);
  const label =
    mark === '\u00ff\u00fe' ? 'utf-16le' : mark === '\u00fe\u00ff' ? 'utf-16be' : 'utf-8';
  return new TextDecoder(label).decode(head);
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
