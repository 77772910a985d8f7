import type { DatabaseSync } from 'node:sqlite'
import type { Revocation, Standing } from '@portcullis/core/ports'

/** Texts as JSON, so that any text comes back as it was. */
export function readStanding(row: Readonly<Record<string, unknown>>): Standing {
  const { authorization, fingerprint, minimum_policy: minimumPolicy, revocations } = row
  return {
    authorization: Number(authorization), minimumPolicy: Number(minimumPolicy),
    fingerprint: typeof fingerprint === 'string' ? (JSON.parse(fingerprint) as string) : undefined,
    revocations: new Map(JSON.parse(String(revocations)) as [string, Revocation][]),
  }
}

export function writeStanding(database: DatabaseSync, { authorization, fingerprint, minimumPolicy, revocations }: Standing): void {
  database.prepare('UPDATE tenant SET authorization = ?, fingerprint = ?, minimum_policy = ?, revocations = ?')
    .run(authorization, fingerprint === undefined ? null : JSON.stringify(fingerprint), minimumPolicy, JSON.stringify([...revocations]))
}
