export { run, type Terminal } from './command.ts'
