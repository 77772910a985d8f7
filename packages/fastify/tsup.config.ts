import { library } from '../../tsup.config.ts'

export default library(import.meta.url)
