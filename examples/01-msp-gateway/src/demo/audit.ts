import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import type { Kept } from './crash.ts'
import { recordsIn, verify } from './log.ts'
import type { Scene } from './scene.ts'

const Verdict = z.object({ verdict: z.string(), size: z.number(), covered: z.number(), problem: z.object({ code: z.string(), record: z.number().optional(), message: z.string() }).optional() })

/** The log is checked by a program that knows nothing but the file, a key and an old checkpoint. */
export async function audit(scene: Scene, kept: Kept): Promise<void> {
  const { story, stage } = scene
  const file = stage.path('after.log')
  const whole = await verify(scene, file, kept)
  const verdict = Verdict.parse(JSON.parse(whole.output))
  story.equal(`the verifier, in a process of its own, holds it against the checkpoint from before the kill: valid, all ${verdict.size} records bound by a signature`, [whole.status, verdict.verdict, verdict.covered], [0, 'valid', verdict.size])

  const records = await recordsIn(file)
  const crossings = records.filter(({ code }) => code === 'tenant_mismatch')
  story.holds('the attempts to name another MSP are in the log as security events', crossings.length > 0 && crossings.every(({ security }) => security === true), crossings)
  const vote = records.find(({ kind }) => kind === 'vote')
  const bytes = await readFile(file)
  const at = bytes.indexOf('Outdated, agreed with Acme.')
  story.holds("the log holds Olivia's vote with her reason", vote !== undefined && at > 0)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  const forged = stage.path('forged.log')
  await writeFile(forged, bytes)
  const refused = await verify(scene, forged, kept)
  const { verdict: said, problem } = Verdict.parse(JSON.parse(refused.output))
  story.equal('one bit of her reason is flipped: invalid, and the verifier names the record', [refused.status, said, problem?.record], [1, 'invalid', vote?.seq])
  story.show(problem?.message ?? '')

  const older = await verify(scene, stage.path('before.log'), { ...kept, checkpoint: stage.path('checkpoints.jsonl') })
  story.equal('an older copy of the log, held against the newest checkpoint: invalid, as its end is missing', Verdict.parse(JSON.parse(older.output)).problem?.code, 'tail_cut')
}
