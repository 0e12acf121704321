/**
 * The warm part of the JavaScript runner on Deno: a process that was started ahead loads what its script is likely to use
 * and waits for the one run it is for. `docs/warm.md` describes what passes between it and the server. Of the script
 * itself nothing is loaded before the run, so that a change of it is never missed.
 *
 * Deno can be forked, by FFI and with one thread, and that was tried: it means to replace its event loop's descriptors and
 * to rely on its internals, and to wait ten seconds for its threads to end.
 */

const REQUEST = 3; // the run's variables, each `NAME=value` and a NUL; its end without a byte means that there is no run
const READY = 4;
const CHUNK_BYTES = 65_536;
const LIBRARIES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/** What Deno loads at its first use, by words in a script's text. A wrong guess costs time and nothing else. */
const LAZY = [
  [/\b(?:process|require|npm:|node:)/, () => globalThis.process?.version],
  [/\bBuffer\b/, () => globalThis.Buffer?.from("")],
  [/\bexport default\b|\b(?:fetch|Headers|Request|Response|ReadableStream)\b/, () => {
    void [new Request("http://localhost/").headers, new Response("-").body];
  }],
];

/** Comes back when the variables of the run stand in the environment. */
export async function becomeChild() {
  const close = closer();
  const script = Deno.args[0];
  preload(script);
  await runHook(script);
  write(READY);
  const variables = read(REQUEST);
  for (const descriptor of [REQUEST, READY]) close(descriptor);
  if (variables === "") Deno.exit(0);
  for (const variable of variables.split("\0").slice(0, -1)) {
    const equals = variable.indexOf("=");
    if (equals > 0) Deno.env.set(variable.slice(0, equals), variable.slice(equals + 1));
  }
}

function preload(script) {
  let code;
  try {
    code = Deno.readTextFileSync(script);
  } catch {
    return; // the run says so
  }
  for (const [words, use] of LAZY) {
    if (words.test(code)) use();
  }
}

/** A file named warm beside the script is what its user wants to have loaded besides. */
async function runHook(script) {
  const [, folder, name] = /^(.*\/)?([^/]*)$/.exec(script);
  const hook = `${folder ?? "./"}warm${/\.[^.]*$/.exec(name)?.[0] ?? ""}`;
  try {
    if (hook === script || !Deno.statSync(hook).isFile) return;
  } catch {
    return; // there is none
  }
  const path = Deno.realPathSync(hook);
  await import("file://" + path.split("/").map(encodeURIComponent).join("/"));
}

// Deno has no way to use a descriptor that it has inherited, but it can open what it leads to, and the C library can close it.

function write(descriptor) {
  using pipe = Deno.openSync(`/proc/self/fd/${descriptor}`, { write: true });
  pipe.writeSync(new Uint8Array([10]));
}

function read(descriptor) {
  using pipe = Deno.openSync(`/proc/self/fd/${descriptor}`);
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(CHUNK_BYTES);
  let text = "";
  for (let length = pipe.readSync(chunk); length; length = pipe.readSync(chunk)) {
    text += decoder.decode(chunk.subarray(0, length), { stream: true });
  }
  return text;
}

function closer() {
  for (const library of LIBRARIES) {
    try {
      return Deno.dlopen(library, { close: { parameters: ["i32"], result: "i32" } }).symbols.close;
    } catch {
      // Another C library's name: try the next.
    }
  }
  throw new Error("Cannot wait for a request: no C library is found");
}
