/** What a node offers itself. */

import { deepEqual, equal } from "node:assert/strict";
import { OwnServices } from "../../../src/mesh/node/own_services.ts";

const handler = () => new Response();
const offered = (services: OwnServices) =>
  [...services.offers()].map(({ service, version }) => `${service}@${version}`);

Deno.test("a service is offered as long as somebody here has it", () => {
  const services = new OwnServices();
  equal(services.add("me", { service: "a", version: "1.0.0", handler }), true);
  equal(services.add("guest", { service: "a", version: "1.0.0", handler }), false);
  equal(services.add("guest", { service: "a", version: "", handler }), true);
  deepEqual(offered(services), ["a@1.0.0", "a@"]);
  equal(services.remove("me", "a", "1.0.0"), false);
  equal(services.remove("me", "a", "1.0.0"), false);
  equal(services.remove("guest", "a", "1.0.0"), true);
  equal(services.remove("guest", "a", ""), true);
  equal(services.remove("guest", "a", ""), false);
  deepEqual(offered(services), []);
  equal(services.take("a", "1.0.0"), undefined);
});

Deno.test("calls of others go to each in its turn", () => {
  const services = new OwnServices();
  const handlers = ["x", "y", "z"].map(() => () => new Response());
  handlers.forEach((handler, i) => services.add(`owner${i}`, { service: "a", version: "", handler }));
  const taken = Array.from({ length: 6 }, () => handlers.indexOf(services.take("a", "") as typeof handlers[0]));
  deepEqual(taken, [0, 1, 2, 0, 1, 2]);
});

Deno.test("who offers again takes the place of the handler before, and two versions are two providers", () => {
  const services = new OwnServices();
  const later = () => new Response();
  services.add("me", { service: "a", version: "1.0.0", handler });
  services.add("me", { service: "a", version: "1.0.0", handler: later });
  services.add("me", { service: "a", version: "2.0.0", handler });
  const all = services.of("a");
  deepEqual(all.map(({ version }) => version), ["1.0.0", "2.0.0"]);
  equal(all[0].handler, later);
  equal(new Set(all.map(({ key }) => key)).size, 2);
});
