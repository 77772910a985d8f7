/**
 * Everything that a reader would not see, or would see as something else: controls with line breaks, bidi and other format characters,
 * what is ignored by default (zero width, variation selectors, fillers), private and unassigned ones, lone surrogates, odd spaces.
 */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu

/** The text with everything hidden made visible as `\u{…}`, in one line. */
export const visibleText = (text: string): string => text.replace(HIDDEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
