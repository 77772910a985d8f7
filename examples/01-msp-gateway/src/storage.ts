import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Storage } from '@portcullis/core/ports'
import { postgresStorage } from '@portcullis/postgres'
import { sqliteStorage } from '@portcullis/sqlite'

/** What holds everything durable: a folder that one process owns, or a PostgreSQL that any number of processes share. */
export const STORES = ['sqlite', 'postgres'] as const
export type Store = (typeof STORES)[number]

/** How a gateway reaches its PostgreSQL; `database.ts` leaves it in a file that only its owner reads. */
export interface Database {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

export function storeOf(text: string): Store {
  const store = STORES.find((one) => one === text)
  if (store === undefined) throw new Error(`--store is ${STORES.join(' or ')}.`)
  return store
}

export const databaseFile = (folder: string): string => join(folder, 'database.json')

export function openStorage(store: Store, folder: string): Storage {
  if (store === 'sqlite') return sqliteStorage(join(folder, 'data'))
  return postgresStorage({ connection: JSON.parse(readFileSync(databaseFile(folder), 'utf8')) as Database })
}
