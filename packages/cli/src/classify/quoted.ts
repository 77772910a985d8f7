/**
 * What a reader would not see, or would see as something else: controls with line breaks, bidi and other format characters, what is
 * ignored by default, private and unassigned ones, lone surrogates, odd spaces.
 */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu

/** The text in one line, with everything hidden made visible as `\u{…}`. */
const visible = (text: string): string => text.replace(HIDDEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)

/** A string literal of JavaScript that is the text, in one line; nothing in it can end the literal or a line comment around it. */
export const quoted = (text: string): string => `'${visible(text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`))}'`

/** As `quoted`, cut at so many characters, for a comment. */
export function excerpt(text: string, length: number): string {
  const characters = Array.from(text)
  return characters.length > length ? `${quoted(characters.slice(0, length).join(''))} …` : quoted(text)
}
