import { TABLES } from './0001-tables.ts'
import { POLICIES } from './0002-policies.ts'

/** Brings a schema from version n to n + 1. A published step never changes. */
export const STEPS: readonly string[] = [TABLES + POLICIES]
