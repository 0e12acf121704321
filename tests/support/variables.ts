/** Our own environment, changed for one test. */

/** Sets variables until the result is disposed; undefined unsets. */
export function withVariables(variables: Readonly<Record<string, string | undefined>>): Disposable {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  Object.entries(variables).forEach(set);
  return { [Symbol.dispose]: () => before.forEach(set) };
}

function set([name, value]: readonly [string, string | undefined]): void {
  if (value === undefined) Deno.env.delete(name);
  else Deno.env.set(name, value);
}
