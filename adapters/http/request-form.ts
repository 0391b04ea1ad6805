/** One HTTP request, sent once: the engine alone decides what is sent again, and when. */
export interface Request {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. `touch` is to be called whenever the other side took some of it. */
  readonly body?: (touch: () => void) => object;
  /** How long that body is, where it is more than a few lines. */
  readonly bytes?: number;
  /** The answer may lie at another origin, to which no header of ours goes. */
  readonly mayLeave?: boolean;
}
