/** "Did you mean": the name that a mistyped one is nearest to. */

/**
 * Finds it.
 *
 * @returns undefined when none is near
 */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  const lower = typed.toLowerCase();
  const ranked = names.map((name) => ({ name, far: distance(lower, name.toLowerCase()) })).sort((a, b) =>
    a.far - b.far
  );
  const most = Math.max(1, Math.floor(typed.length / 3));
  return ranked.length > 0 && ranked[0].far <= most ? ranked[0].name : undefined;
}

/** How many letters have to be put in, left out, exchanged, or swapped with the next one. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) next[j] = Math.min(next[j], before[j - 2] + 1);
    }
    [before, row] = [row, next];
  }
  return row[b.length];
}
