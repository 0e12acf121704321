import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { limits } from "../../src/limits.ts";
import { freePort, releasePort } from "../../src/net/free_port.ts";

/** Listens on an address; undefined where it is taken. */
function listen(hostname: string, port: number): Deno.Listener | undefined {
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return undefined;
    throw error;
  }
}

/** Ports next to each other, all taken by us; below those that the system gives to connections. */
function takeRow(length: number): Disposable & { readonly first: number; readonly listeners: Deno.Listener[] } {
  for (let first = 12_000; first < 30_000; first += length) {
    const listeners = Array.from({ length }, (_, i) => listen("127.0.0.1", first + i)).filter((one) =>
      one !== undefined
    );
    const close = () => listeners.forEach((listener) => listener.close());
    if (listeners.length === length) return { first, listeners, [Symbol.dispose]: close };
    close();
  }
  throw new Error("No row of free ports");
}

/** Ports that are given back at the end of a test. */
class Ports implements Disposable {
  readonly #taken: number[] = [];

  async take(...args: Parameters<typeof freePort>): Promise<number> {
    const port = await freePort(...args);
    this.#taken.push(port);
    return port;
  }

  [Symbol.dispose](): void {
    this.#taken.forEach(releasePort);
  }
}

Deno.test("a port is of the range, and free on every address", async () => {
  using ports = new Ports();
  const port = await ports.take();
  ok(port >= 10_000 && port <= 65_535);
  for (const hostname of ["127.0.0.1", "0.0.0.0"]) Deno.listen({ hostname, port }).close();
});

Deno.test("of a range with one free port that one is found, whatever address holds the others", async () => {
  using row = takeRow(50);
  using ports = new Ports();
  row.listeners.splice(17, 1)[0].close();
  const range = [row.first, row.first + 49] as const;
  equal(await ports.take({ range }), row.first + 17);
  await rejects(freePort({ range }), RangeError);
});

Deno.test("a thousand ports are all looked at before giving up", async () => {
  using ports = new Ports();
  const range = [12_000, 12_999] as const;
  let free = 0;
  try {
    for (;; free++) await ports.take({ range });
  } catch (error) {
    ok(error instanceof RangeError);
  }
  ok(free > 900, `only ${free} were found`);
});

Deno.test("a range that is taken is an error which says what to do", async () => {
  using row = takeRow(3);
  await rejects(freePort({ range: [row.first, row.first + 2] }), {
    name: "RangeError",
    message: `Cannot find a free port from ${row.first} to ${row.first + 2}: all 3 are taken; ` +
      "give a larger range, or stop what listens there",
  });
});

Deno.test("a large range is given up after a bounded number of tries", async () => {
  const probed = new Set<number>();
  const real = Deno.listen;
  const refuse = ({ port }: Deno.ListenOptions) => {
    probed.add(port!);
    throw new Deno.errors.AddrInUse("taken");
  };
  Deno.listen = refuse as typeof Deno.listen;
  try {
    await rejects(freePort(), { name: "RangeError", message: /from 10000 to 65535: 2000 tries found none/ });
  } finally {
    Deno.listen = real;
  }
  equal(probed.size, limits.portProbes);
});

Deno.test("a port is not given twice before it is released, also to those who ask at the same time", async () => {
  using row = takeRow(40);
  const range = [row.first, row.first + 39] as const;
  row.listeners.splice(0).forEach((listener) => listener.close());
  using ports = new Ports();
  const got = await Promise.all(Array.from({ length: 40 }, () => ports.take({ range })));
  deepEqual(got.sort((a, b) => a - b), Array.from({ length: 40 }, (_, i) => row.first + i));
  await rejects(freePort({ range }), RangeError);
  releasePort(row.first + 7);
  equal(await ports.take({ range }), row.first + 7);
});

Deno.test("a port to be avoided is not given", async () => {
  using row = takeRow(2);
  row.listeners.splice(0).forEach((listener) => listener.close());
  const range = [row.first, row.first + 1] as const;
  using ports = new Ports();
  equal(await ports.take({ range, avoid: new Set([row.first]) }), row.first + 1);
});

Deno.test("what holds a port on one address of IPv6 holds it for all", async () => {
  using row = takeRow(1);
  row.listeners.splice(0).forEach((listener) => listener.close());
  let listener: Deno.Listener;
  try {
    listener = Deno.listen({ hostname: "::1", port: row.first });
  } catch {
    return console.log("not tested: there is no IPv6 here");
  }
  using _held = listener;
  await rejects(freePort({ range: [row.first, row.first] }), /all 1 are taken/);
});

Deno.test("the order is random, and can be told by the caller", async () => {
  const firstOf = async (random: () => number) => {
    const port = await freePort({ range: [20_000, 29_999], random });
    releasePort(port);
    return port;
  };
  const drawn = new Set(await Promise.all(Array.from({ length: 20 }, () => firstOf(Math.random))));
  ok(drawn.size > 10);
  ok(await firstOf(() => 0) < await firstOf(() => 0.999_999));
});

Deno.test("a range that is none is refused", async () => {
  const wrong: unknown[] = [[0, 10], [10, 9], [1, 65_536], [1.5, 3], ["1", "2"], [5], [1, 2, 3], []];
  for (const range of wrong) {
    await rejects(freePort({ range: range as [number, number] }), {
      name: "RangeError",
      message: /give two from 1 to 65535, the lower first/,
    });
  }
});
