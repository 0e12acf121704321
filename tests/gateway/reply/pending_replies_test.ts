/** The table of those who wait for a reply. */

import { deepEqual, equal, match } from "node:assert/strict";
import { PendingReplies } from "../../../src/gateway/reply/pending_replies.ts";

Deno.test("an id goes from waiting to answered or to expired, once", () => {
  const replies = new PendingReplies<string>();
  const [a, b] = [replies.open("a"), replies.open("b")];
  equal(a.token, a.id);
  equal(replies.size, 2);
  deepEqual(replies.claim(a.token), { state: "waiting", waiter: "a" });
  deepEqual(replies.claim(a.token), { state: "answered" });
  equal(replies.expire(a.id), false);
  deepEqual(replies.claim(a.token), { state: "answered" });
  equal(replies.expire(b.id), true);
  equal(replies.expire(b.id), false);
  deepEqual(replies.claim(b.token), { state: "expired" });
  deepEqual(replies.claim("c"), { state: "unknown" });
  equal(replies.expire("c"), false);
  equal(replies.size, 0);
});

Deno.test("what is over is remembered for so long, and so many at a time", () => {
  let now = 0;
  const replies = new PendingReplies<number>({ clock: () => now, rememberedMax: 3, rememberedMs: 100 });
  const tickets = [0, 1, 2, 3].map((n) => replies.open(n));
  for (const { id } of tickets) replies.expire(id);
  deepEqual(tickets.map(({ token }) => replies.claim(token).state), ["unknown", "expired", "expired", "expired"]);
  const later = replies.open(4);
  now = 50;
  replies.claim(later.token);
  now = 101;
  deepEqual(tickets.map(({ token }) => replies.claim(token).state), Array(4).fill("unknown"));
  equal(replies.claim(later.token).state, "answered");
  equal(replies.remembered, 1);
  now = 151;
  equal(replies.claim(later.token).state, "unknown");
  equal(replies.remembered, 0);
});

Deno.test("one who waits is never forgotten", () => {
  let now = 0;
  const replies = new PendingReplies<string>({ clock: () => now, rememberedMax: 0, rememberedMs: 0 });
  const { token } = replies.open("patient");
  now = 1e12;
  equal(replies.claim(token).state, "waiting");
  equal(replies.claim(token).state, "unknown");
});

Deno.test("a wrong secret takes nothing, and tells nothing", () => {
  const replies = new PendingReplies<string>({ secret: true });
  const { id, token } = replies.open("a");
  match(token, new RegExp(`^${id}\\.[\\w-]{22}$`));
  for (const guess of [id, `${id}.`, `${token}x`, token.slice(0, -1), `${id}.${"A".repeat(22)}`, `.${token}`]) {
    equal(replies.claim(guess).state, "unknown");
  }
  equal(replies.claim(token).state, "waiting");
  equal(replies.claim(id).state, "unknown");
  equal(replies.claim(token).state, "answered");
});
