import type { Standing } from '../packages/testing/src/manifest.ts'

/** What became of one test that cites requirements. */
export interface Citation {
  readonly ids: readonly string[]
  readonly title: string
  readonly file: string
  readonly passed: boolean
}

/** One line of the report: what the manifest says of an id and which tests passed for it. */
export interface Proof {
  readonly id: string
  readonly standing: Standing
  readonly tests: readonly { readonly file: string; readonly title: string; readonly passed: boolean }[]
}

/** What the manifest promises, held against what ran. */
export interface Judgement {
  readonly proofs: readonly Proof[]
  /** Promised as proven or partial, but no test that names it passed. */
  readonly unproven: readonly string[]
  /** Named by a test, but not in the manifest. */
  readonly unknown: readonly string[]
  /** Put off in the manifest, although a test that names it passed. */
  readonly early: readonly string[]
}

/** Pure: every list is in the order of the manifest, or sorted where the manifest has none. */
export function judge(manifest: ReadonlyMap<string, Standing>, citations: readonly Citation[]): Judgement {
  const proofs = [...manifest].map(([id, standing]): Proof => ({
    id,
    standing,
    tests: citations.filter(({ ids }) => ids.includes(id)).map(({ file, title, passed }) => ({ file, title, passed })),
  }))
  const shown = (proof: Proof): boolean => proof.tests.some(({ passed }) => passed)
  const putOff = ({ standing }: Proof): boolean => standing.status === 'later'
  return {
    proofs,
    unproven: proofs.filter((proof) => !putOff(proof) && !shown(proof)).map(({ id }) => id),
    unknown: [...new Set(citations.flatMap(({ ids }) => ids))].filter((id) => !manifest.has(id)).toSorted(),
    early: proofs.filter((proof) => putOff(proof) && shown(proof)).map(({ id }) => id),
  }
}
