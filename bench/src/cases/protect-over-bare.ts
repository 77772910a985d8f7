import { protect } from '@portcullis/mcp'
import { firstHosting, firstServer, secondHosting, secondServer } from '../bare-servers.ts'
import { deployOwn } from '../deployment.ts'
import type { Figure } from '../measure.ts'
import { callOf, overBare } from '../over-bare.ts'

const TOOLS = 50

/** A call of a server that somebody already wrote, protected, against the same server as it is: either line of the SDK, hosted the same way. */
export async function protectOverBare(): Promise<readonly Figure[]> {
  const { portcullis, token } = await deployOwn(TOOLS)
  const [second, first] = [() => secondServer(TOOLS), () => firstServer(TOOLS)]
  const sides = [
    { name: 'protect-v2-2026', version: '2026-07-28', bare: secondHosting(second), guarded: secondHosting(protect(portcullis, second)) },
    { name: 'protect-v2-2025', version: '2025-11-25', bare: secondHosting(second), guarded: secondHosting(protect(portcullis, second)) },
    { name: 'protect-v1', version: '2025-11-25', bare: firstHosting(first), guarded: firstHosting(protect(portcullis, first)) },
  ] as const
  const figures: Figure[] = []
  for (const { version, ...side } of sides) figures.push(await overBare({ ...side, judged: true, request: () => callOf('list_0', token, version) }))
  await portcullis.close()
  return figures
}
