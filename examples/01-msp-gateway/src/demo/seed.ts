/** What the vendors' pretended data grow from. */
export const SEED = 7
