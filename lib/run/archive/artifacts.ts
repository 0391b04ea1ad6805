/** What was exported, and where. */
export interface ArtifactExport {
  readonly destinationDir: string;
  readonly manifestPath: string;
  /** Number of files, without the manifest. */
  readonly fileCount: number;
  /** Total bytes of those files. */
  readonly bytes: number;
  readonly resultCount: number;
}

/**
 * What `pruneArtifacts` removes. Rejects with `artifacts_not_exported` where raw files were not
 * exported.
 */
export interface PruneOptions {
  /** Also removes the provider's raw files. Requires an export. */
  readonly raw?: boolean;
}

/** What `pruneArtifacts` removed and kept: objects and bytes. */
export interface ArtifactPruning {
  readonly removedCount: number;
  readonly removedBytes: number;
  /** Bytes that remain: item lines, and what results need. */
  readonly keptBytes: number;
}

/** Which provider files are kept. */
export interface ArtifactPolicy {
  /**
   * False: replaces each raw file by a compact form of its lines once its batch is settled. Results
   * stay the same. Other provider fields and unreadable lines are lost. Default true.
   */
  readonly persistRawOutputArtifacts?: boolean;
}
