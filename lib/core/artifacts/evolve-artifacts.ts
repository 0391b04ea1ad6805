import { clearFault } from '../model/changes.ts';
import { compactEffectKey, deleteFileKey } from '../model/effect.ts';
import type { EventOf } from '../model/event.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

export type ArtifactsEvent = EventOf<
  'ArtifactsExported' | 'ArtifactsPruned' | 'RawFileCompacted' | 'LitterCleared'
>;

/** Files are exported, made compact, pruned; input files at the provider are deleted. */
export const evolveArtifacts = (s: RunSnapshot, event: ArtifactsEvent): RunSnapshot => {
  const { artifacts } = s;
  switch (event.type) {
    case 'LitterCleared':
      return {
        ...clearFault(s, deleteFileKey(event.fileId)),
        litter: s.litter.filter((fileId) => fileId !== event.fileId),
      };
    case 'ArtifactsExported': {
      const { type: _, ...exported } = event;
      return { ...s, artifacts: { ...artifacts, exported } };
    }
    case 'ArtifactsPruned':
      return {
        ...s,
        artifacts: {
          ...artifacts,
          areRequestsPruned: true,
          isRawPruned: artifacts.isRawPruned || event.raw,
        },
      };
    case 'RawFileCompacted': {
      const unkept = artifacts.unkept.filter((object) => object !== event.object);
      return {
        ...clearFault(s, compactEffectKey(event.object)),
        artifacts: { ...artifacts, unkept },
      };
    }
  }
};
