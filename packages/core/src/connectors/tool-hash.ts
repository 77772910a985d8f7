import { createHash } from 'node:crypto'
import type { Tool } from './connector.ts'

/** Members in the order of their UTF-16 code units, as RFC 8785 has it. Only for values that are JSON already. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}

/** What a tenant accepted when it accepted a tool: SHA-256 hex over everything that callers and approvers see of it. */
export function toolHash(tool: Pick<Tool, 'name' | 'title' | 'description' | 'risk' | 'scope' | 'sensitive' | 'advertised'>): string {
  const { name, title, description, risk, scope, sensitive, advertised } = tool
  return createHash('sha256').update(canonical({ name, title, description, risk, scope, sensitive, advertised })).digest('hex')
}
