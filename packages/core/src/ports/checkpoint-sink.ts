/** Where checkpoints go so that somebody other than the log's operator holds them: without one, a rewritten log can be signed anew. */
export interface CheckpointSink {
  /** Resolves when the note is durable at the sink. May be called again with the same note after a failure. */
  publish(tenantOrigin: string, note: string): Promise<void>
}
