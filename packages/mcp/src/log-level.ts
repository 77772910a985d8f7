import type { Note } from '@portcullis/core'

export type LogLevel = Extract<Note, { kind: 'log' }>['level']

/** In the order of their gravity (RFC 5424 §6.2.1). */
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

export const isLevel = (value: unknown): value is LogLevel => LEVELS.includes(value as LogLevel)

export const isHeard = (level: LogLevel, least: LogLevel): boolean => LEVELS.indexOf(level) >= LEVELS.indexOf(least)
