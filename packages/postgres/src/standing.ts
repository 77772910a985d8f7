import { NO_STANDING, published, requiring, revoking, type Revocation, type Standing, type TenantDoor } from '@portcullis/core/ports'
import type { Door } from './door.ts'
import { rowsOf, tablesOf } from './tables.ts'

/** A standing as the database's functions write it. */
export interface StandingText extends Partial<Omit<Standing, 'revocations'>> {
  readonly revocations?: readonly [string, Revocation][]
}

export const readStanding = ({ revocations = [], ...written }: StandingText): Standing => ({ ...NO_STANDING, ...written, revocations: new Map(revocations) })

type Verbs = Pick<TenantDoor, 'authorize' | 'standing' | 'revoke' | 'requirePolicy'>

/** One after the other: changes of one tenant that wait for its head take one connection, not all of them. */
function inTurn(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
  }
}

/** What every process that serves the tenant must see. Changes wait for the batch under way, and no later one goes by the old standing. */
export function standingOf(door: Door): Verbs {
  const { place, tenant } = door
  const turn = inTurn()
  const change = (next: (standing: Standing, now: number) => Standing): Promise<Standing> => turn(() => changed(door, next))
  const standing = async (): Promise<Standing> => readStanding((await place.call('standing_of', [tenant, place.role])) as StandingText)
  return {
    standing,
    async authorize(fingerprint) {
      const known = await standing()
      return (known.fingerprint === fingerprint ? known : await change((current) => published(current, fingerprint))).authorization
    },
    revoke: (holder) => change((current, now) => revoking(current, holder, now)),
    requirePolicy: (version) => change((current) => requiring(current, version)),
  }
}

/** Core's own rule, applied while nobody else writes. */
function changed({ place, tenant, name, now }: Door, next: (standing: Standing, now: number) => Standing): Promise<Standing> {
  const tables = tablesOf(place.schema)
  return place.transaction(tenant, async (client) => {
    const sql = `select ${place.sqlSchema}.lock_head($1, $2)`
    await client.query(sql, [tenant, name])
    const { rows: [row] } = await client.query<{ standing: string; now: string }>(
      `select ${place.sqlSchema}.standing_text($1) as standing, ${place.sqlSchema}.moment($2) as now`, [tenant, now()])
    if (row === undefined) throw new Error('no row')
    const current = readStanding(JSON.parse(row.standing) as StandingText)
    const after = next(current, Number(row.now))
    if (after === current) return current
    const { authorization, fingerprint, minimumPolicy, revocations } = after
    const columns = { fingerprint: fingerprint === undefined ? null : JSON.stringify(fingerprint), minimum_policy: String(minimumPolicy), revocations: JSON.stringify([...revocations]) }
    await rowsOf(client, tables.insertInto('standing').values({ tenant_id: tenant, ...columns }).onConflict((conflict) => conflict.column('tenant_id').doUpdateSet(columns)))
    await rowsOf(client, tables.updateTable('log_head').set({ version: String(authorization) }).where('tenant_id', '=', tenant))
    return after
  })
}
