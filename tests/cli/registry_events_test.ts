import { deepEqual, equal, match } from "node:assert/strict";
import { eventText, ShownServices } from "../../src/cli/registry/registry_events.ts";
import type { Service } from "../../src/registry/service.ts";

const plain = { json: false, verbose: false, color: false };
const web: Service = { id: "one", role: "web", version: "1.2.3", host: "10.0.0.1", port: 80 };

Deno.test("an event is one line; verbose, with the document below it; as JSON, one line with the document", () => {
  equal(eventText({ type: "register", service: web }, plain), "REGISTER web@1.2.3 10.0.0.1:80 [one]\n");
  equal(eventText({ type: "free", service: web }, plain), "FREE     web@1.2.3 10.0.0.1:80 [one]\n");
  const bare = { id: "two", role: "db", host: "::1", port: 5432 };
  equal(eventText({ type: "update", service: bare }, plain), "UPDATE   db [::1]:5432 [two]\n");
  const verbose = eventText({ type: "register", service: bare }, { ...plain, verbose: true });
  match(verbose, /^REGISTER db \[::1\]:5432 \[two\]\n {2}\{\n {4}"id": "two",\n( {4}.*\n)+ {2}\}\n$/);
  const json = eventText({ type: "free", service: web }, { ...plain, json: true });
  deepEqual(JSON.parse(json), { type: "free", service: web });
  equal(json.indexOf("\n"), json.length - 1);
  const colored = eventText({ type: "free", service: web }, { ...plain, color: true });
  equal(colored, "\x1b[31mFREE    \x1b[0m web@1.2.3 10.0.0.1:80 [one]\n");
});

Deno.test("whatever a hub sends, nothing of it drives the terminal or forges a line", () => {
  const hostile = {
    id: "x]\nFREE web@1.0.0",
    role: "\x1b]0;owned\x07\u202e",
    version: "\r1\x9b2J",
    host: { toString: 1 },
    port: ["\x1b"],
    "\x1b[2J": "\u2028",
  } as unknown as Service;
  for (const options of [plain, { ...plain, verbose: true }, { ...plain, json: true }]) {
    const text = eventText({ type: "register", service: hostile }, options);
    equal(/[^\P{Cc}\n]|[\u2028\u202e]/u.test(text), false, text);
    equal(/^FREE/m.test(text), false, text);
  }
});

Deno.test("a list of all services that comes again is told as what has changed", () => {
  const shown = new ShownServices();
  const other = { ...web, id: "two" };
  const types = (services: Service[]) =>
    shown.take({ type: "snapshot", services, index: 1 }).map(({ type, service }) => `${type} ${service.id}`);
  deepEqual(types([web, other]), ["register one", "register two"]);
  deepEqual(types([web, other]), []);
  deepEqual(types([{ ...web, zone: "b" }]), ["free two", "update one"]);
  equal(shown.take({ type: "free", service: web, index: 2 }).length, 1);
  deepEqual(types([web]), ["register one"]);
});
