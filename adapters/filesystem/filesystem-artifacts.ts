import { rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { syncFolder, errnoOf } from '../../lib/disk/make-folder.ts';
import { type WriteAll, writeAll } from '../../lib/disk/replace-file.ts';
import type { ArtifactStore, ObjectCheck, Span } from '../../lib/ports/artifacts.ts';
import { PayloadError } from '../../lib/ports/payload-error.ts';
import type { Port, PortError } from '../../lib/ports/port-error.ts';
import {
  createSumsCache,
  readSums,
  sumsPath,
  type BlockSums,
  type SumsCache,
} from './sums-file.ts';
import { ioError } from './io-error.ts';
import { filesUnder, sizeOf, objectNameFault, staysInside } from './object-files.ts';
import { findChange, readAllSpans, readChunks } from './read-object.ts';
import { ChunkSourceError, ObjectExistsError, writeObject } from './write-object.ts';

/** Where objects are kept as files. */
export interface FilesystemArtifactsOptions {
  /** The root folder; created when the first object is put. */
  readonly dir: string;
}

/**
 * Immutable objects as files under a folder: written under a temporary name, fsynced, then renamed.
 * Files are 0600, folders 0700.
 */
export const filesystemArtifacts = ({ dir }: FilesystemArtifactsOptions): ArtifactStore =>
  artifactsWith(dir, writeAll);

/** The same with another write function: tests use it to fill the disk. */
export const artifactsWith = (dir: string, write: WriteAll): ArtifactStore => {
  const folder = objectFolder(resolve(dir));
  const { root, named, within } = folder;
  return {
    describe: `folder ${root}`,
    put: (name, chunks) => named('write', name, (path) => putObject(path, chunks, write)),
    read: (name, span) =>
      within(name, span === undefined ? [] : [span], (path, size, sums) =>
        Promise.resolve(readChunks(path, span ?? { offset: 0, length: size }, sums)),
      ),
    readSpans: (name, spans) =>
      within(name, spans, (path, _, sums) => readAllSpans(path, spans, sums)),
    check: (name) => named('read', name, checkObject),
    size: (name) => named('read', name, async (path) => E.right(await sizeOf(path))),
    list: (prefix) => listObjects(root, prefix),
    remove: (name) =>
      named('remove', name, async (path) => {
        if ((await sizeOf(path)) === null) return E.right(undefined);
        folder.forgetSums(path);
        await rm(path, { force: true });
        await rm(sumsPath(path), { force: true });
        await syncFolder(dirname(path));
        return E.right(undefined);
      }),
  };
};

const pathOf = (root: string, name: string): string => join(root, ...name.split('/'));

/** A folder of objects: each is reached by a name that cannot lead out of it. */
interface ObjectFolder {
  readonly root: string;
  /** Runs an action on a valid name whose path stays in the root. */
  readonly named: <A>(
    doing: string,
    name: string,
    act: (path: string) => Promise<E.Either<PortError, A>>,
  ) => Port<A>;
  /** Runs an action on an object that exists and contains the spans. */
  readonly within: <A>(
    name: string,
    spans: readonly Span[],
    act: (path: string, size: number, sums: BlockSums | null) => Promise<A>,
  ) => Port<A>;
  readonly forgetSums: (path: string) => void;
}

const objectFolder = (root: string): ObjectFolder => {
  const cache = createSumsCache();
  const named: ObjectFolder['named'] = (doing, name, act) => async () => {
    const fault = objectNameFault(name);
    if (fault !== null)
      return E.left(refused(`${JSON.stringify(name)} cannot name an object: ${fault}`));
    const path = pathOf(root, name);
    try {
      if (!(await staysInside(root, name)))
        return E.left(refused(`${path} leads out of ${root}: links are not followed`));
      return await act(path);
    } catch (cause) {
      if (cause instanceof PayloadError) return E.left(cause.error);
      if (errnoOf(cause) === 'ENOENT') return E.left(absent(path));
      return E.left(
        errnoOf(cause) === 'ELOOP'
          ? refused(`${path} is a link: links are not followed`)
          : ioError(doing, path, cause),
      );
    }
  };
  const within: ObjectFolder['within'] = (name, spans, act) =>
    named('read', name, async (path) => {
      const size = await sizeOf(path);
      if (size === null) return E.left(absent(path));
      const outside = spans.find(
        (span) => !(span.offset >= 0 && span.length >= 0 && span.offset + span.length <= size),
      );
      // A truncated object is the clearer error than a span outside of it.
      const sums = await sumsOf(cache, path, size);
      return outside === undefined
        ? E.right(await act(path, size, sums))
        : E.left(outsideOf(path, outside, size));
    });
  return { root, named, within, forgetSums: (path) => cache.forget(path) };
};

/**
 * The checksums of the object; null: it was put without. An object of another length is an error.
 */
const sumsOf = async (cache: SumsCache, path: string, size: number): Promise<BlockSums | null> => {
  let sums = await cache.of(path);
  if (typeof sums !== 'string' && sums.bytes !== size) {
    // An earlier object may have had the name.
    cache.forget(path);
    sums = await cache.of(path);
  }
  if (sums === 'none') return null;
  if (sums === 'damaged') throw new PayloadError(damagedSums(path));
  if (sums.bytes !== size) throw new PayloadError(otherLength(path, size, sums.bytes));
  return sums;
};

const putObject = async (
  path: string,
  chunks: Parameters<ArtifactStore['put']>[1],
  write: WriteAll,
): Promise<E.Either<PortError, { readonly bytes: number }>> => {
  // Checks for a used name before writing the bytes. A put that comes between is rejected at the
  // end.
  if ((await sizeOf(path)) !== null) return E.left(taken(path));
  try {
    return E.right({ bytes: await writeObject(path, chunks, write) });
  } catch (cause) {
    if (cause instanceof ObjectExistsError) return E.left(taken(path));
    // For example, the chunks are read from another object that has changed.
    if (cause instanceof ChunkSourceError && cause.cause instanceof PayloadError)
      return E.left(cause.cause.error);
    if (!(cause instanceof ChunkSourceError)) return E.left(ioError('write', path, cause));
    return E.left({
      type: 'transient',
      message: `reading the bytes for ${path} failed: ${cause.message}`,
      retryAfterMs: null,
      cause: cause.cause,
    });
  }
};

const checkObject = async (path: string): Promise<E.Either<PortError, ObjectCheck>> => {
  const bytes = await sizeOf(path);
  if (bytes === null) return E.left(absent(path));
  const sums = await readSums(path);
  if (sums === 'none') return E.right({ bytes, hasSums: false, changed: null });
  if (sums === 'damaged') return E.left(damagedSums(path));
  return E.right({ bytes, hasSums: true, changed: await findChange(path, sums, bytes) });
};

const listObjects =
  (root: string, prefix: string): ReturnType<ArtifactStore['list']> =>
  async () => {
    // Only the folder part of a prefix selects folders; the rest may be part of a name.
    const below = prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/')) : '';
    if (below !== '' && objectNameFault(below) !== null) return E.right([]);
    try {
      const found: { readonly name: string; readonly bytes: number }[] = [];
      for (const name of await filesUnder(root, below)) {
        // Skips unfinished files and checksum files.
        if (!name.startsWith(prefix) || basename(name).startsWith('.')) continue;
        const bytes = await sizeOf(pathOf(root, name));
        if (bytes !== null) found.push({ name, bytes });
      }
      return E.right(found.sort((a, b) => (a.name < b.name ? -1 : 1)));
    } catch (cause) {
      return E.left(ioError('list', root, cause));
    }
  };

type Corrupt = PortError & { readonly type: 'corrupt' };

const refused = (message: string): PortError => ({
  type: 'refused',
  message,
  statusCode: null,
  requestId: null,
});
const absent = (path: string): PortError => ({
  type: 'not_found',
  message: `no object at ${path}`,
});
const taken = (path: string): PortError => ({
  type: 'corrupt',
  message: `${path} exists: a committed object is never overwritten`,
  where: path,
});
const outsideOf = (path: string, { offset, length }: Span, size: number): Corrupt => ({
  type: 'corrupt',
  message: `bytes ${offset}+${length} are outside of ${path}, which has ${size} bytes`,
  where: path,
});
const damagedSums = (path: string): Corrupt => ({
  type: 'corrupt',
  message: `the checksums of ${path} are damaged: restore ${sumsPath(path)} from a backup, or remove it to read the object unchecked`,
  where: sumsPath(path),
});
const otherLength = (path: string, size: number, stored: number): Corrupt => ({
  type: 'corrupt',
  message: `${path} has ${size} bytes, and was stored with ${stored}: restore this file from a backup`,
  where: `${path}:${Math.min(size, stored)}`,
});
