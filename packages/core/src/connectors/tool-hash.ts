import { createHash } from 'node:crypto'
import { canonicalJson } from '../json/canonical.ts'
import type { Tool } from './connector.ts'

/** What a tenant accepted when it accepted a tool: SHA-256 hex over everything that callers and approvers see of it. */
export function toolHash(tool: Pick<Tool, 'name' | 'title' | 'description' | 'risk' | 'scope' | 'sensitive' | 'advertised'>): string {
  const { name, title, description, risk, scope, sensitive, advertised } = tool
  return createHash('sha256').update(canonicalJson({ name, title, description, risk, scope, sensitive, advertised })).digest('hex')
}
