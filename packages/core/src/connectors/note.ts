import { plainCopy } from '../json/plain.ts'

export const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What a running call says before it ends. */
export type Note =
  | { readonly kind: 'progress'; readonly progress: number; readonly total?: number; readonly message?: string }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly data: unknown; readonly logger?: string }

const LIMITS = { bytes: 4_096, depth: 8 } as const
const LONGEST_TEXT = 1_024
/** Notes that one call may send. */
const MOST = 1_000

/**
 * Lets out of a call what may be told before the answer was narrowed (IS-03): numbers of progress, and text and logs only where `text`
 * says that nothing had to be narrowed. The last function closes it: what comes later is dropped.
 */
export function noteGuard(text: boolean, sink: ((note: Note) => void) | undefined): { readonly tell: (note: Note) => void; readonly close: () => void } {
  let left = sink === undefined ? 0 : MOST
  return {
    tell: (note) => {
      const narrowed = left > 0 ? narrowNote(note, text) : undefined
      if (narrowed === undefined) return
      left -= 1
      sink?.(narrowed)
    },
    close: () => {
      left = 0
    },
  }
}

/** Connector code can send anything: what is not a note is dropped. */
function narrowNote(note: unknown, text: boolean): Note | undefined {
  const copy = plainCopy(note, LIMITS)
  if (!copy.ok || typeof copy.value !== 'object' || copy.value === null) return undefined
  const { kind, progress, total, message, level, data, logger } = copy.value as Readonly<Record<string, unknown>>
  if (kind === 'progress' && typeof progress === 'number') return { kind, progress, ...(typeof total === 'number' ? { total } : {}), ...(text && isText(message) ? { message } : {}) }
  if (kind === 'log' && text && isLevel(level) && data !== undefined) return { kind, level, data, ...(isText(logger) ? { logger } : {}) }
  return undefined
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= LONGEST_TEXT
const isLevel = (value: unknown): value is LogLevel => (LOG_LEVELS as readonly unknown[]).includes(value)
