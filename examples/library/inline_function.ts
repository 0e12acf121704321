// A function that runs in a process of its own, a fresh one for each request. It is sent as its text, so it sees nothing
// of this file: deno serve -A examples/library/inline_function.ts
import { program } from "@sluice/sluice";

const fibonacci = program({
  code: (service) => {
    const fib = (n: number): number => n < 2 ? n : fib(n - 1) + fib(n - 2);
    service.res.json({ result: fib(Number(service.params.n ?? 10)) });
  },
});

export default { fetch: fibonacci } satisfies Deno.ServeDefaultExport;
