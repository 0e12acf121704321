import assert from "node:assert/strict";
import hono from "../../examples/library/hono.ts";
import inlineFunction from "../../examples/library/inline_function.ts";
import middleware from "../../examples/library/middleware.ts";
import oneProgram from "../../examples/library/one_program.ts";
import severalServices from "../../examples/library/several_services.ts";

const url = "http://localhost";

Deno.test("the example with one program answers", async () => {
  const response = await oneProgram.fetch(new Request(`${url}/?name=Ada`));
  assert.equal(await response.text(), "name=Ada\nmethod=GET\n");
});

Deno.test("the example with Hono routes a body and a path parameter to programs", async () => {
  const upper = await hono.request("/upper", { method: "POST", body: "abc" });
  assert.equal(await upper.text(), "ABC");
  const greeting = await hono.request("/greet/Ada");
  assert.equal(await greeting.text(), "hello Ada\n");
});

Deno.test("the example with several services mounts each below its path", async () => {
  for (const path of ["/js", "/py", "/sh"]) {
    const response = await severalServices.fetch(new Request(`${url}${path}?name=Ada`));
    assert.equal(await response.text(), "name=Ada\nmethod=GET\n", path);
  }
  assert.equal((await severalServices.fetch(new Request(`${url}/other`))).status, 404);
});

Deno.test("the example with an inline function runs it in a process of its own", async () => {
  const response = await inlineFunction.fetch(new Request(`${url}/?n=20`));
  assert.deepEqual(await response.json(), { result: 6765 });
});

Deno.test("the example with a middleware lets only a token through", async () => {
  assert.equal((await middleware.fetch(new Request(url))).status, 401);
  const response = await middleware.fetch(new Request(url, { headers: { authorization: "Bearer sesame" } }));
  assert.match(await response.text(), /UTC/);
});

Deno.test("the example with the full server echoes", async () => {
  const file = new URL("../../examples/library/full_server.ts", import.meta.url).pathname;
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", file],
    env: { PORT: "0" },
    stderr: "piped",
  }).spawn();
  const lines = server.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!/listening on \S+\n/.test(seen)) seen += (await lines.read()).value ?? assert.fail(seen);
  const response = await fetch(/listening on (\S+)/.exec(seen)![1], { method: "POST", body: "hello" });
  assert.equal(await response.text(), "hello");
  server.kill();
  await lines.cancel();
  await server.status;
});
