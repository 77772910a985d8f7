import { protect } from '@portcullis/mcp'
import { firstHosting, firstServer, secondHosting, secondServer } from '../bare-servers.ts'
import { bareTargets, deployOwn, protectedTools } from '../deployment.ts'
import { cpuPerOperation, type Figure } from '../measure.ts'
import { callOf, overBareAndChain } from '../over-bare.ts'

const TOOLS = 50
const CALLS = 2_000

/**
 * A call of a server that somebody already wrote, protected, against the same server as it is: either line of the SDK, hosted the same way.
 * And against that server with one run of the chain beside it, which no way of protecting can be without.
 */
export async function protectOverBare(): Promise<readonly Figure[]> {
  const chain = await chainAlone()
  const { portcullis, token } = await deployOwn(protectedTools(TOOLS))
  const [second, first] = [() => secondServer(TOOLS), () => firstServer(TOOLS)]
  const sides = [
    { name: 'protect-v2-2026', version: '2026-07-28', bare: secondHosting(second), guarded: secondHosting(protect(portcullis, second)) },
    { name: 'protect-v2-2025', version: '2025-11-25', bare: secondHosting(second), guarded: secondHosting(protect(portcullis, second)) },
    { name: 'protect-v1', version: '2025-11-25', bare: firstHosting(first), guarded: firstHosting(protect(portcullis, first)) },
  ] as const
  const figures: Figure[] = []
  for (const { version, ...side } of sides) figures.push(...(await overBareAndChain({ ...side, chain, request: () => callOf('list_0', token, version) })))
  await portcullis.close()
  return figures
}

/** One `enforce` of a tool that answers the same, with no server and no SDK around it (µs CPU). */
async function chainAlone(): Promise<number> {
  const { portcullis, token } = await deployOwn(bareTargets(TOOLS))
  const cost = await cpuPerOperation(async () => {
    for (let index = 0; index < CALLS; index++) {
      const outcome = await portcullis.enforce({ token, endpoint: { kind: 'tenant' }, tool: 'list_0', arguments: { status: 'open' } })
      if (outcome.kind !== 'result') throw new Error(JSON.stringify(outcome))
    }
    return CALLS
  })
  await portcullis.close()
  return cost
}
