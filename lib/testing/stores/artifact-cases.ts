import assert from 'node:assert/strict';
import type { ArtifactStore } from '../../ports/artifacts.ts';
import type { ContractCase } from '../case.ts';
import { drawOf } from '../draw.ts';
import { artifactLaws } from './artifact-laws.ts';

/** An artifact store with nothing in it. */
export interface OpenArtifacts {
  readonly artifacts: ArtifactStore;
  /** Flips a bit of a stored object behind the store's back. */
  damage?(name: string, byteOffset: number): Promise<void>;
  /** True after: nothing of it is left. */
  dispose(): Promise<void>;
}

/** An artifact store, to be held to the contract of artifacts. */
export interface ArtifactSubject {
  /** Opens a store with nothing in it. Each case opens its own. */
  open(): Promise<OpenArtifacts>;
  /** True of a store without checksums: it cannot know that bytes were changed. */
  readonly keepsNoSums?: boolean;
  /** Of the random draws (default 1). */
  readonly seed?: number;
}

/** Every law of an artifact store. */
export const artifactCases = (subject: ArtifactSubject): readonly ContractCase[] =>
  artifactLaws.map(({ name, needsDamage, holds }) => ({
    name,
    ...(needsDamage === true && subject.keepsNoSums === true
      ? { skip: 'the store keeps no checksums' }
      : {}),
    run: async () => {
      const opened = await subject.open();
      const noDamage = () =>
        assert.fail('a store with checksums is opened with damage(), which changes stored bytes');
      try {
        await holds({
          artifacts: opened.artifacts,
          damage: opened.damage?.bind(opened) ?? noDamage,
          draw: drawOf(subject.seed ?? 1),
        });
      } finally {
        await opened.dispose();
      }
    },
  }));
