/** Bounds of `sluice init`, each with its unit and its reason. */

export const initLimits = {
  /** Characters of a project's name: it names a unit, whose files may have 255, and stands in one line. */
  nameCharacters: 64,
  /** Bytes of an answer at the terminal, which hands over no longer line. */
  answerBytes: 4096,
};
