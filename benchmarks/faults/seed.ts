/**
 * @module What all campaigns of faults begin with.
 */

/** Chooses what is tried, and in which order. The same gives the same. */
export const SEED = 20_261_124;
