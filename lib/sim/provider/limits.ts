/** The limits of the service. All byte counts are of the uploaded file, not characters. */
export interface ServiceLimits {
  /** Request lines in one batch. */
  readonly requestsMax: number;
  /** Bytes of a batch's input file. */
  readonly inputBytesMax: number;
  /** Bytes of any uploaded file. */
  readonly fileBytesMax: number;
  /** Inputs over all lines of one embeddings batch. */
  readonly embeddingInputsMax: number;
  /**
   * Bytes of one request line. A longer line is cut and so no longer parses, which bounds memory.
   */
  readonly lineBytesMax: number;
  /** From creation to expiry, where a create asks for 24 hours. */
  readonly windowMs: number;
  /** Other completion windows that a create may ask for, in hours; absent: none. */
  readonly windowHours?: { readonly min: number; readonly max: number };
  readonly batchesPerHourMax: number;
  readonly metadataPairsMax: number;
  readonly metadataKeyCharsMax: number;
  readonly metadataValueCharsMax: number;
  /** Bounds of `expires_after.seconds`. */
  readonly expirySecondsMin: number;
  readonly expirySecondsMax: number;
  readonly batchPageMax: number;
  readonly filePageMax: number;
  /** The most faulty lines that validation lists. */
  readonly validationErrorsMax: number;
}

/** OpenAI's published limits, and the enforced byte count from its error messages. */
export const openaiLimits: ServiceLimits = {
  requestsMax: 50_000,
  inputBytesMax: 209_715_200,
  fileBytesMax: 536_870_912,
  embeddingInputsMax: 50_000,
  lineBytesMax: 67_108_864,
  windowMs: 86_400_000,
  batchesPerHourMax: 2_000,
  metadataPairsMax: 16,
  metadataKeyCharsMax: 64,
  metadataValueCharsMax: 512,
  expirySecondsMin: 3_600,
  expirySecondsMax: 2_592_000,
  batchPageMax: 100,
  filePageMax: 10_000,
  validationErrorsMax: 500,
};
