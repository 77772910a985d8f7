/** A function of the schema. It is the caller's in rights and is compared with what is installed, word by word. */
export interface SqlFunction {
  readonly name: string
  readonly parameters: string
  readonly returns: string
  readonly body: string
}
