/** A node that passes on what others send: to whom it may, as much as it may, and without knowing what. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { MalformedError } from "../../../src/bytes/byte_reader.ts";
import { newIdentity } from "../../../src/mesh/identity.ts";
import { meshLimits } from "../../../src/mesh/limits.ts";
import { nodeIdOf, publicKeyOf } from "../../../src/mesh/node_id.ts";
import { greet } from "../../../src/mesh/session/greet.ts";
import type { MeshStream } from "../../../src/mesh/session/mesh_stream.ts";
import { ResetCode, type StreamReset } from "../../../src/mesh/session/reset_code.ts";
import { StreamKind } from "../../../src/mesh/stream_kind.ts";
import { settle } from "../../support/mesh/manual_clock.ts";
import { quiet } from "../../support/mesh/session_pair.ts";
import { Tape } from "../transport/tape.ts";
import { absent, callee, Passage } from "./relay_pair.ts";

const headFor = (id: string) => Uint8Array.of(StreamKind.relay, ...publicKeyOf(id));

/** What a stream breaks with. */
function broken(stream: MeshStream): Promise<Error> {
  return new Promise((resolve) => stream.listener = { onBroken: resolve });
}

Deno.test("a node that is not here is not passed on to, nor one that asks for itself", async () => {
  const passage = new Passage();
  for (const [from, id] of [[passage.first.a, absent], [passage.second.b, callee]] as const) {
    const error = await broken(from.session.open(headFor(id)));
    equal((error as StreamReset).code, ResetCode.noService);
  }
  deepEqual(passage.links, []);
});

Deno.test("heads that are none are refused", async () => {
  const passage = new Passage();
  const heads = [2, 31, 32, 34, 100].map((length) => new Uint8Array(length).fill(1));
  for (const head of heads) {
    head[0] = StreamKind.relay;
    await broken(passage.first.a.session.open(head));
  }
  equal(passage.errors.length, heads.length);
  ok(passage.errors.every((error) => error instanceof MalformedError));
});

Deno.test("a stream for the node between is a link of its own, and goes no further", async () => {
  const passage = new Passage();
  passage.first.a.session.open(Uint8Array.of(StreamKind.relay));
  await quiet(passage.first);
  equal(passage.ownLinks.length, 1);
  deepEqual(passage.links, []);
});

Deno.test("no more is passed on for one session, or to one, than it may", async () => {
  const passage = new Passage();
  const streams = Array.from(
    { length: meshLimits.relayedStreams },
    () => passage.first.a.session.open(headFor(callee)),
  );
  await quiet(passage.first);
  await quiet(passage.second);
  equal(passage.links.length, meshLimits.relayedStreams);
  const refused = await broken(passage.first.a.session.open(headFor(callee)));
  equal((refused as StreamReset).code, ResetCode.overloaded);
  streams[0].reset(ResetCode.cancelled);
  await quiet(passage.first);
  await settle();
  passage.first.a.session.open(headFor(callee));
  await quiet(passage.first);
  await quiet(passage.second);
  equal(passage.links.length, meshLimits.relayedStreams + 1);
});

Deno.test("when the session of one end breaks, the other end is told", async () => {
  for (const end of ["first", "second"] as const) {
    const passage = new Passage();
    const ends = (await passage.connect()).map((link) => new Tape(link).open());
    ends[0].write("hello");
    await ends[1].got(5);
    passage[end].a.link.destroy();
    passage[end].b.link.destroy();
    await Promise.all(ends.map((tape) => tape.closed()));
  }
});

Deno.test("the node between sees nothing of what is said, nor who the caller is", async () => {
  const passage = new Passage();
  const [near, far] = await passage.connect();
  const seen: Uint8Array[] = [];
  const identities = [newIdentity(), newIdentity()];
  const options = { clock: passage.first.clock, timeoutMs: 5000 };
  // What goes over the link is what the node between reads of one session, and writes to the other.
  const record = (bytes: Uint8Array) => void seen.push(bytes.slice());
  const spied = spy(near, record);
  const [a, b] = await Promise.all([
    greet(spied, { ...options, initiator: true, identity: identities[0] }),
    greet(far, { ...options, initiator: false, identity: identities[1] }),
  ]);
  deepEqual([a.remote, b.remote], [identities[1].id, identities[0].id]);
  const all = seen.map((bytes) => [...bytes].join(",")).join(";");
  for (const { publicKey } of identities) ok(!all.includes([...publicKey].join(",")));
  ok(seen.length >= 2);
  equal(nodeIdOf(identities[0].publicKey), b.remote);
  near.destroy();
  far.destroy();
});

/** A link that shows what goes over it, both ways. */
function spy(link: Tape["link"], record: (bytes: Uint8Array) => void): Tape["link"] {
  return {
    remoteHost: undefined,
    open: (receiver) =>
      link.open({
        onBytes: (bytes) => {
          record(bytes);
          receiver.onBytes(bytes);
        },
        onDrain: () => receiver.onDrain(),
        onClose: (error) => receiver.onClose(error),
      }),
    write: (bytes) => {
      record(bytes);
      return link.write(bytes);
    },
    pause: () => link.pause(),
    resume: () => link.resume(),
    end: () => link.end(),
    destroy: () => link.destroy(),
  };
}
