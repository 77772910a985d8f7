import type { Risk, ToolScope } from '@portcullis/core'

/** A pretended tool, said in words: the pretended connector is built from it, the oracle reads it. */
export interface ToolFacts {
  readonly name: string
  readonly risk: Risk
  readonly scope: ToolScope
  readonly sensitive?: true
  /** `filter`: a status; `record`: the id of a ticket; `keyed`: a customer key that the gateway fills in. */
  readonly takes: 'filter' | 'record' | 'keyed'
  readonly gives: 'tickets' | 'ticket'
}

export interface ConnectorFacts {
  readonly id: string
  readonly category: string
  readonly tools: readonly ToolFacts[]
}

/** Every risk, scope and kind of input at least once. */
export const CATALOGUE: readonly ConnectorFacts[] = [
  {
    id: 'psa', category: 'desk',
    tools: [
      { name: 'list_tickets', risk: 'read', scope: 'customer', takes: 'filter', gives: 'tickets' },
      { name: 'get_ticket', risk: 'read', scope: 'customer', takes: 'record', gives: 'ticket' },
      { name: 'find_ticket', risk: 'read', scope: 'either', takes: 'record', gives: 'ticket' },
      { name: 'reveal', risk: 'read', scope: 'either', sensitive: true, takes: 'filter', gives: 'tickets' },
      { name: 'export_all', risk: 'read', scope: 'tenant', takes: 'filter', gives: 'tickets' },
      { name: 'close_ticket', risk: 'write', scope: 'customer', takes: 'record', gives: 'ticket' },
      { name: 'add_ticket', risk: 'write', scope: 'either', takes: 'keyed', gives: 'ticket' },
      { name: 'wipe_ticket', risk: 'destructive', scope: 'customer', takes: 'record', gives: 'ticket' },
      { name: 'purge', risk: 'destructive', scope: 'either', takes: 'keyed', gives: 'ticket' },
      { name: 'reset_all', risk: 'destructive', scope: 'tenant', takes: 'filter', gives: 'tickets' },
    ],
  },
  {
    id: 'rmm', category: 'fleet',
    tools: [
      { name: 'list_hosts', risk: 'read', scope: 'either', takes: 'filter', gives: 'tickets' },
      { name: 'reboot', risk: 'write', scope: 'customer', sensitive: true, takes: 'record', gives: 'ticket' },
      { name: 'wipe', risk: 'destructive', scope: 'customer', takes: 'record', gives: 'ticket' },
    ],
  },
  { id: 'self', category: 'own', tools: [{ name: 'notices', risk: 'read', scope: 'either', takes: 'filter', gives: 'tickets' }] },
]

/** The hash of a tool's definition, as the real connector has it: nobody but its maker can say. */
export type Definitions = (connector: string, tool: string) => string
