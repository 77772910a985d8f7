import type { Answer } from '../dispatch.ts'
import { ingressRefusal, refusal } from '../refusals.ts'
import { callThrough, type Visit } from './call.ts'
import { allPages } from './lists.ts'
import { quietly } from './quietly.ts'

/** Tasks that are remembered. A principal's oldest make room for its new ones; in a tenant that has too many, those of whoever has the most. */
const LIMITS = { principal: 256, tenant: 2_048 } as const

export interface OwnedTask {
  readonly authority: string
  readonly tenant: string
  readonly principal: string
  readonly tool: string
}

/**
 * Whose the tasks are (SES-02). A task belongs to the authority that created it and to nobody else, whatever the SDK's store thinks of
 * sessions; what is not in here, after a restart or beyond the limits, is nobody's. No tenant has anything to do with another's limits.
 */
export class TaskOwners {
  readonly #owned = new Map<string, OwnedTask>()
  /** By tenant and principal, in the order of their creation. */
  readonly #ids = new Map<string, Map<string, Set<string>>>()

  add(taskId: string, task: OwnedTask): void {
    if (this.#owned.has(taskId)) return // an id is given out once
    const tenant = entryOf(this.#ids, task.tenant, () => new Map<string, Set<string>>())
    const own = entryOf(tenant, task.principal, () => new Set<string>())
    const sets = Array.from(tenant.values())
    const all = sets.reduce((sum, { size }) => sum + size, 0)
    const most = sets.reduce((largest, set) => (set.size > largest.size ? set : largest), own)
    const full = own.size >= LIMITS.principal ? own : all >= LIMITS.tenant ? most : undefined
    const [oldest] = full ?? []
    if (oldest !== undefined) {
      full?.delete(oldest)
      this.#owned.delete(oldest)
    }
    own.add(taskId)
    this.#owned.set(taskId, task)
  }

  find(taskId: unknown, authority: string | undefined): OwnedTask | undefined {
    const task = typeof taskId === 'string' ? this.#owned.get(taskId) : undefined
    return task !== undefined && task.authority === authority ? task : undefined
  }
}

function entryOf<V>(map: Map<string, V>, key: string, make: () => V): V {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}

/** No target has this name: whoever asks for what is not theirs is refused, and recorded, like whoever asks for what never was. */
const NOBODYS = '"'
const ONE_TASK: ReadonlySet<string> = new Set(['tasks/get', 'tasks/result', 'tasks/cancel'])

export const isTaskMethod = (method: string): boolean => ONE_TASK.has(method) || method === 'tasks/list'

/** `tasks/*` of 2025-11-25: each goes through the chain as a read of the task's tool. */
export async function answerTask(visit: Visit, owners: TaskOwners, authority: string): Promise<Answer> {
  const { id, method, params } = visit.message
  if (method === 'tasks/list') return listTasks(visit, owners, authority)
  const task = owners.find(params['taskId'], authority)
  return callThrough(visit, 'task', { id, method, params: { name: task?.tool ?? NOBODYS, arguments: { method, taskId: String(params['taskId']) } } })
}

/** Of the tasks that the store has, those of this authority whose tool it may still know. A store full of other people's hides some, and breaks nothing. */
async function listTasks(visit: Visit, owners: TaskOwners, authority: string): Promise<Answer> {
  const { portcullis, asked, request, message: { params } } = visit
  const list = await portcullis.list(asked, 'task')
  if (list.kind !== 'list') return refusal(list, portcullis.url)
  if (params['cursor'] !== undefined) return ingressRefusal('malformed', 'params') // we gave out none
  const tools = new Set(list.tools.map(({ name }) => name))
  const all = await allPages('tasks', (cursor) => quietly(visit, { ...(request as object), params: { ...params, cursor } }), true)
  return { kind: 'result', result: { tasks: all.filter(({ taskId }) => tools.has(`task:${owners.find(taskId, authority)?.tool ?? NOBODYS}`)) } }
}
