/** The socket that runs go by: packets and descriptors, as who receives them finds them. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { findInterpreter, Languages } from "../../../src/process/languages.ts";
import { libc } from "../../../src/process/libc.ts";
import { makePipe } from "../../../src/process/pipe.ts";
import { PosixLauncher } from "../../../src/process/posix_launcher.ts";
import { makeSocketPair, PACKET_BYTES_MAX, WorkSocket } from "../../../src/process/warm/work_socket.ts";
import { complete } from "../../support/launchers.ts";
import { descriptors } from "../../support/processes.ts";
import { fromLatin1, readAll } from "../../support/sources.ts";
import { within } from "../../support/within.ts";

const library = libc()!;
const decoder = new TextDecoder();

/** A socket, its other end, and a pipe whose ends are there to be sent. */
class Ends implements Disposable {
  readonly work: WorkSocket;
  readonly theirs: number;
  readonly read: number;
  readonly write: number;
  #closed = false;

  constructor() {
    const [ours, theirs] = makeSocketPair(library);
    this.work = new WorkSocket(library, ours);
    this.theirs = theirs;
    [this.read, this.write] = makePipe(library);
  }

  send(packet: string): string {
    return this.work.send(packet, [this.read, this.write, this.write]);
  }

  /** What comes next on the other end, its descriptors thrown away; undefined at the end. */
  receive(): string | undefined {
    const bytes = new Uint8Array(PACKET_BYTES_MAX + 1);
    const count = Number(library.read(this.theirs, bytes, BigInt(bytes.byteLength)));
    return count > 0 ? decoder.decode(bytes.subarray(0, count)) : undefined;
  }

  closeTheirs(): void {
    if (!this.#closed) library.close(this.theirs);
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.work.close();
    this.closeTheirs();
    library.close(this.read);
    library.close(this.write);
  }
}

Deno.test("packets arrive one by one, each as it was sent", () => {
  using ends = new Ends();
  const packets = ["1\0", "2\0A=1\0LINES=one\ntwo\0", "3\0ÜMLAUT=ü€😀\0", "4\0EMPTY=\0", "5\0" + "x".repeat(50_000)];
  for (const packet of packets) equal(ends.send(packet), "sent");
  deepEqual(packets.map(() => ends.receive()), packets);
});

Deno.test("a packet carries the three standard streams, and one that tells to end carries none", async () => {
  const receiver = `
import os, socket
work = socket.socket(fileno=3)
for _ in range(2):
    data, control, flags, _ = work.recvmsg(65536, socket.CMSG_SPACE(12))
    fds = [fd for _, _, sent in control for fd in memoryview(sent).cast("i")]
    print(data, len(fds), flags & socket.MSG_CTRUNC, flush=True)
    if fds:
        os.write(fds[1], b"to the second")
        os.write(fds[2], b", to the third")
`;
  using ends = new Ends();
  const python = findInterpreter(new Languages().named("python"))!;
  const child = await new PosixLauncher(library).launchWith(complete({ argv: [python, "-c", receiver] }), [
    ends.theirs,
  ]);
  equal(ends.send("7\0A=ü\0"), "sent");
  ends.work.retireOne();
  const said = await within("the receiver ends", readAll(child.stdout));
  equal(fromLatin1(said), `b'7\\x00A=\\xc3\\xbc\\x00' 3 0\nb'-' 0 0\n`);
  const bytes = new Uint8Array(100);
  const count = Number(library.read(ends.read, bytes, 100n));
  equal(decoder.decode(bytes.subarray(0, count)), "to the second, to the third");
  await child.exit;
  await child.close();
});

Deno.test("what is larger than a packet is not sent, not even in part", () => {
  using ends = new Ends();
  equal(ends.send("x".repeat(PACKET_BYTES_MAX + 1)), "large");
  equal(ends.send("x".repeat(PACKET_BYTES_MAX - 1) + "ü"), "large");
  equal(ends.send("x".repeat(PACKET_BYTES_MAX - 2) + "😀"), "large");
  equal(ends.send("x".repeat(PACKET_BYTES_MAX - 2) + "ü"), "sent");
  equal(ends.receive()!.length, PACKET_BYTES_MAX - 1);
  equal(ends.send("small"), "sent");
  equal(ends.receive(), "small");
});

Deno.test("a socket that nobody empties is full after a bounded number, and takes more once one is taken", () => {
  using ends = new Ends();
  const packet = "x".repeat(PACKET_BYTES_MAX);
  let sent = 0;
  while (ends.send(packet) === "sent") ok(++sent < 1000);
  ok(sent >= 2, `full with ${sent}`);
  ends.work.retireOne(); // there may be no room for it, and that is no error
  for (let i = 0; i < sent; i++) equal(ends.receive(), packet);
  equal(ends.send("more"), "sent");
});

Deno.test("closing it is the end for those who wait, behind what was sent before", () => {
  using ends = new Ends();
  equal(ends.send("last"), "sent");
  ends.work.close();
  ends.work.close();
  equal(ends.receive(), "last");
  equal(ends.receive(), undefined);
});

Deno.test("sending to nobody fails without a signal, and leaves no descriptor", () => {
  const before = descriptors(Deno.pid).length;
  {
    using ends = new Ends();
    equal(ends.send("never taken"), "sent");
    ends.closeTheirs();
    equal(ends.send("too late"), "full");
    ends.work.retireOne();
  }
  equal(descriptors(Deno.pid).length, before);
});
