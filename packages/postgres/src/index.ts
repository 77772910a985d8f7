export { migrate, type MigrateOptions } from './migrate.ts'
export { postgresStorage, type PostgresOptions } from './postgres-storage.ts'
