import { library } from '../../tsup.config.ts'

/** There is no module `sqlite`: the built-in has its name with `node:` alone. */
export default { ...library(import.meta.url), removeNodeProtocol: false }
