/** Unguessable ids. */
export interface Ids {
  /** 128 random bits behind a prefix, always of one length for one prefix, e.g. `dec_3kf…`. */
  next(prefix: string): string
}
