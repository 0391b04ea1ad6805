/** What of a run was written out, and where. */
export interface ArtifactExport {
  readonly destinationDir: string;
  readonly manifestPath: string;
  /** Files beside the manifest. */
  readonly fileCount: number;
  /** Bytes of those files. */
  readonly bytes: number;
  readonly resultCount: number;
}

export interface PruneOptions {
  /** What the provider gave goes too; only of a run that was exported. */
  readonly raw?: boolean;
}

export interface ArtifactPruning {
  readonly removedCount: number;
  readonly removedBytes: number;
  /** Bytes of what is left: the rows' own lines, and what results need. */
  readonly keptBytes: number;
}

/** What is kept of what the provider gave. */
export interface ArtifactPolicy {
  /**
   * False: each raw file is replaced by what its lines say, as soon as its batch is settled. Results stay as they are; what else the provider
   * wrote, and lines that nobody could read, are gone. Default true.
   */
  readonly persistRawOutputArtifacts?: boolean;
}
