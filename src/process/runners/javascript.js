/**
 * Service-mode runner for JavaScript and TypeScript: `deno run -A javascript.js SCRIPT`, the same with `node` (20.16 and
 * later) and `bun`. One file, though a long one, because they are given one path; without import or export statements,
 * because each may load it as an ES module or as CommonJS. On Deno a process starts in 15 ms, and the first use of
 * `process` costs 12 ms more, of `Buffer` 4, of a web stream 3: what a script may not need is made at its first use.
 *
 * Writes are synchronous: a full pipe stops the script, which is back-pressure without a queue, and nothing written is
 * lost at exit. What a child process prints to an inherited standard output belongs after `service.res.flush()`.
 */
"use strict";

const deno = globalThis.Deno;
const builtin = (name) => process.getBuiltinModule(name);
const exit = (code) => deno ? deno.exit(code) : process.exit(code);
const windows = deno?.build.os === "windows";
const encoder = new TextEncoder();

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/; // RFC 9110 §5.6.2
const COMMONJS_NAMES = ["exports", "require", "module", "__filename", "__dirname"];
const USES_COMMONJS = new RegExp(`\\b(?:${COMMONJS_NAMES.join("|")})\\b`);
const PRINTING = "log info debug dir dirxml table group groupCollapsed count timeEnd timeLog clear".split(" ");
const READING = "addListener destroy emit listenerCount off on once pause pipe prependListener read removeListener " +
  "resume setEncoding unpipe unshift";

async function main() {
  const warm = takeEnv("SLUICE_WARM");
  if (warm !== undefined) await (await import(fileUrl(warm))).becomeChild();
  const request = takeRequest();
  const script = takeScript();
  const res = new ServiceResponse(stdoutWriter());
  const service = makeService(request, res);
  Object.assign(globalThis, { service, hook: service, Hook: service });
  captureStdout(res);
  captureConsole(res);

  let settled = false;
  const ended = new Promise((resolve) => res.once("finish", resolve));
  atExit({
    idle: () => settled || res.error("The script waits for what can no longer happen"),
    exit: (code) => code === 0 && res.complete(),
  });
  await answer(await load(script), request, service);
  settled = true;
  // A connection pool or a timer left open must not hold back an answer that has ended.
  await ended;
  exit();
}

/** The request, taken out of the environment: `service.env` and child processes need no second copy. */
function takeRequest() {
  const text = takeEnv("SLUICE_REQUEST");
  const file = takeEnv("SLUICE_REQUEST_FILE");
  if (text === undefined && file === undefined) {
    throw new Error("Cannot read the request: neither SLUICE_REQUEST nor SLUICE_REQUEST_FILE is set");
  }
  return JSON.parse(text ?? readText(file));
}

function takeEnv(name) {
  const value = deno ? deno.env.get(name) : process.env[name];
  if (deno) deno.env.delete(name);
  else delete process.env[name];
  return value;
}

/** The script to load; the program's arguments become what they would be without this runner. */
function takeScript() {
  const file = absolutePath(deno ? deno.args[0] : process.argv[2]);
  const source = takeEnv("SLUICE_SOURCE") ?? file;
  if (!deno) process.argv.splice(1, 2, source);
  else {
    Object.defineProperty(deno, "args", { value: deno.args.slice(1) });
    const native = Object.getOwnPropertyDescriptor(globalThis, "process");
    const get = () => {
      const value = native.get.call(globalThis);
      if (value.argv.length > 1) { // it is empty when Deno itself asks, before it fills it
        Object.defineProperty(globalThis, "process", native);
        value.argv.splice(1, 2, source);
      }
      return value;
    };
    Object.defineProperty(globalThis, "process", { ...native, get });
  }
  return { file, source };
}

function makeService(request, res) {
  const req = makeServiceRequest(request);
  const env = deno ? deno.env.toObject() : process.env;
  return { params: request.params, env, req, request: req, res, response: res };
}

/**
 * `service.req`: the request's data, and a Readable of the body. It becomes that at the first use of a stream's method,
 * or when `node:stream` asks for the state that every Readable has.
 */
function makeServiceRequest({ id, method, url, path, headers, remoteAddress, query, params, files, body }) {
  const lazy = {
    get _readableState() {
      return becomeReadable(this)._readableState;
    },
  };
  for (const name of [...READING.split(" "), Symbol.asyncIterator]) {
    lazy[name] = function (...args) {
      return becomeReadable(this)[name](...args);
    };
  }
  const data = { id, method, url, path, headers, remoteAddress, query, params, files, body };
  return Object.assign(Object.create(lazy), data);
}

function becomeReadable(req) {
  const { Readable } = builtin("node:stream");
  const chunks = stdin()[Symbol.asyncIterator]();
  Object.setPrototypeOf(req, Readable.prototype);
  Readable.call(req, {
    read() {
      chunks.next().then(({ done, value }) => this.push(done ? null : value)).catch((error) => this.destroy(error));
    },
  });
  return req;
}

function stdin() {
  return deno ? deno.stdin.readable : process.stdin;
}

/** The Fetch API's view of the same request. */
function makeFetchRequest({ method, url, headers }) {
  const stream = () => deno ? stdin() : builtin("node:stream").Readable.toWeb(stdin());
  const body = method === "GET" || method === "HEAD" ? null : stream();
  return new Request(url, { method, headers, body, duplex: "half" });
}

/** Loads the script and finds its handler; `stack` if that is CommonJS's, which takes the service alone. */
async function load({ file, source }) {
  const code = /\.(?:mjs|jsx|[mc]?tsx?)$/.test(file) ? "" : readText(file).replace(/^\uFEFF?(?:#!.*)?/, "");
  const commonJs = USES_COMMONJS.test(code) && compileCommonJs(code, source);
  const exported = commonJs ? loadCommonJs(source, code, commonJs) : (await import(fileUrl(file))).default;
  const transpiled = commonJs && exported?.__esModule;
  const main = transpiled ? exported.default : exported;
  const handler = typeof main === "function" ? main : main?.fetch?.bind(main);
  return { handler, stack: commonJs && !transpiled && handler === main };
}

/** CommonJS's function of the code; none for an ES module, whose import, export and `await` are syntax errors there. */
function compileCommonJs(code, filename) {
  try {
    return (0, eval)(`(function (${COMMONJS_NAMES}) {${code}\n})\n//# sourceURL=${fileUrl(filename)}`);
  } catch {
    return undefined;
  }
}

/** Runs the code as the main CommonJS module of that file name, from which its `require` resolves. */
function loadCommonJs(file, code, compiled) {
  if (deno && !/\b(?:require|import)\b/.test(code)) { // `node:module` would double the time to start
    const module = { exports: {}, filename: file, id: ".", loaded: false };
    compiled.call(module.exports, module.exports, undefined, module, file, file.replace(/\/[^/]*$/, ""));
    return module.exports;
  }
  const { Module } = builtin("node:module");
  const { dirname, extname } = builtin("node:path");
  const filename = builtin("node:fs").realpathSync(file); // as the loader does, which goes by the extension it finds
  if (process.versions.bun) { // its `_load` takes no code from an extension's function
    const module = Object.assign(new Module(filename), { filename, paths: Module._nodeModulePaths(dirname(filename)) });
    module._compile(code, filename);
    return module.exports;
  }
  const extension = extname(filename) || ".js";
  const native = Module._extensions[extension] ?? Module._extensions[".js"];
  Module._extensions[extension] = (module) => {
    Module._extensions[extension] = native;
    module._compile(code, filename);
  };
  return Module._load(filename, null, true);
}

function fileUrl(path) {
  if (!deno || windows) return builtin("node:url").pathToFileURL(path).href;
  return new URL(`file://${path.replace(/[%?#\\\t\r\n]/g, encodeURIComponent)}`).href;
}

function absolutePath(path) {
  if (!deno || windows) return builtin("node:path").resolve(path);
  return path.startsWith("/") ? path : `${deno.cwd()}/${path.replace(/^(?:\.\/)+/, "")}`;
}

/** Calls the handler, `(service)` for a stack function and `(request, service)` else, and sends the Response it gives. */
async function answer({ handler, stack }, request, service) {
  if (!handler) return;
  const result = await (stack ? handler(service) : handler(makeFetchRequest(request), service));
  // Not `instanceof`: on Node the mere mention of the global Response loads the whole fetch implementation.
  if (Object.prototype.toString.call(result) === "[object Response]") return sendResponse(result, service.res);
  if (!stack && result !== undefined && !service.res.headersSent) {
    throw new TypeError(
      `Cannot answer: the handler returned ${result === null ? "null" : typeof result}, not a Response`,
    );
  }
}

async function sendResponse(response, res) {
  res.status(response.status);
  for (const [name, value] of response.headers) {
    if (name === "set-cookie") res.append(name, value);
    else res.header(name, value);
  }
  res.flush();
  if (response.body) { for await (const chunk of response.body) res.write(chunk); }
  res.end();
}

/** The events of a Writable, for `readable.pipe()` and `finish` listeners, without the cost of `node:events`. */
class Emitter {
  #listeners = [];
  addListener = this.on;
  prependListener = this.on;
  removeListener = this.off;

  on(event, listener, once = false) {
    this.#listeners.push({ event, listener, once });
    return this;
  }

  once(event, listener) {
    return this.on(event, listener, true);
  }

  off(event, listener) {
    this.#listeners = this.#listeners.filter((entry) => entry.event !== event || entry.listener !== listener);
    return this;
  }

  listenerCount(event) {
    return this.#listeners.filter((entry) => entry.event === event).length;
  }

  emit(event, ...args) {
    const due = this.#listeners.filter((entry) => entry.event === event);
    for (const { listener, once } of due) {
      if (once) this.off(event, listener);
      listener.apply(this, args);
    }
    return due.length > 0;
  }
}

/** `service.res`. It writes an HTTP/1.1 message: the head once, before the first byte, then the body. */
class ServiceResponse extends Emitter {
  headersSent = false;
  writable = true;
  writableEnded = false;
  chunked = false;
  setHeader = this.header;
  appendHeader = this.append;
  removeHeader = this.remove;
  #status = 200;
  #fields = new Map(); // lower-case name -> { name, values }
  #trailers = new Map();
  #send;

  /** `send(bytes)` writes all of them before it returns. */
  constructor(send) {
    super();
    this.#send = send;
  }

  get statusCode() {
    return this.#status;
  }

  set statusCode(code) {
    this.status(code);
  }

  status(code) {
    this.#beforeHead("status");
    if (!Number.isInteger(code) || code < 200 || code > 599) {
      throw new RangeError(`Cannot set status: ${code} is not an integer from 200 to 599`);
    }
    this.#status = code;
    return this;
  }

  header(name, value) {
    this.#beforeHead(name);
    return this.#set(this.#fields, name, [value].flat());
  }

  append(name, value) {
    return this.header(name, [this.getHeader(name) ?? [], value].flat());
  }

  remove(name) {
    this.#beforeHead(name);
    this.#fields.delete(String(name).toLowerCase());
    return this;
  }

  getHeader(name) {
    const values = this.#fields.get(String(name).toLowerCase())?.values;
    return values?.length === 1 ? values[0] : values;
  }

  /** `(code, [reason], [headers])` as on Node; the reason is left out. */
  writeHead(code, ...rest) {
    this.status(code);
    const headers = typeof rest.at(-1) === "object" ? rest.at(-1) : null;
    for (const [name, value] of Object.entries(headers ?? {})) this.header(name, value);
    return this;
  }

  trailer(name, value) {
    this.#beforeEnd(`send trailer ${name}`);
    const declared = [this.getHeader("Trailer") ?? []].flat().join(",").toLowerCase().split(/\s*,\s*/);
    if (!declared.includes(String(name).toLowerCase())) this.append("Trailer", name);
    return this.#set(this.#trailers, name, [value].flat());
  }

  addTrailers(fields) {
    for (const [name, value] of Object.entries(fields)) this.trailer(name, value);
  }

  write(data, encoding, callback) {
    if (typeof encoding === "function") return this.write(data, undefined, encoding);
    this.#beforeEnd("write");
    const bytes = toBytes(data, encoding);
    const head = this.headersSent ? [] : [encoder.encode(this.#head())];
    const body = this.chunked && bytes.length > 0
      ? [encoder.encode(`${bytes.length.toString(16)}\r\n`), bytes, encoder.encode("\r\n")]
      : [bytes];
    this.#send(concat([...head, ...body]));
    if (callback) queueMicrotask(() => callback(null)); // Node's console takes null alone for success
    return true;
  }

  flush() {
    this.write("");
    return this;
  }

  flushHeaders() {
    if (!this.headersSent) this.flush();
  }

  json(value) {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`Cannot send as JSON: value is ${typeof value}`);
    return this.header("Content-Type", "application/json").end(text);
  }

  end(data, encoding, callback) {
    if (typeof data === "function") return this.end(undefined, undefined, data);
    if (typeof encoding === "function") return this.end(data, undefined, encoding);
    if (callback) this.once("finish", callback);
    if (this.writableEnded && (data ?? null) === null) return this;
    this.write(data ?? "", encoding);
    if (this.chunked) this.#send(encoder.encode(`0\r\n${fieldLines(this.#trailers)}\r\n`));
    this.writableEnded = true;
    this.writable = false;
    queueMicrotask(() => ["finish", "close"].forEach((event) => this.emit(event)));
    return this;
  }

  /** At a clean exit. An unframed body ends with the process: what the script's own exit listeners print still counts. */
  complete() {
    if (this.chunked || this.#trailers.size > 0) this.end();
    else this.flushHeaders();
  }

  error(message) {
    console.error(message);
    exit(1);
  }

  #set(fields, name, values) {
    if (!TOKEN.test(name)) throw new TypeError(`Cannot set header: ${JSON.stringify(name)} is not a token`);
    for (const value of values) {
      if (value === undefined || value === null || /[\0\r\n]/.test(value)) {
        throw new TypeError(`Cannot set header ${name}: ${JSON.stringify(value)} is not a field value`);
      }
    }
    fields.set(name.toLowerCase(), { name, values: values.map(String) });
    return this;
  }

  #beforeHead(name) {
    if (this.headersSent) throw new Error(`Cannot set ${name}: the head has been sent`);
  }

  #beforeEnd(action) {
    if (this.writableEnded) throw new Error(`Cannot ${action}: the response has ended`);
  }

  #head() {
    this.chunked = this.#fields.has("trailer");
    if (!this.#fields.has("content-type")) this.header("Content-Type", "text/plain; charset=utf-8");
    // How the body is framed between here and the server is not the script's to say.
    this.remove("Transfer-Encoding");
    if (this.chunked) this.header("Transfer-Encoding", "chunked");
    this.headersSent = true;
    return `HTTP/1.1 ${this.#status} \r\n${fieldLines(this.#fields)}\r\n`;
  }
}

function fieldLines(fields) {
  return [...fields.values()].flatMap(({ name, values }) => values.map((value) => `${name}: ${value}\r\n`)).join("");
}

function toBytes(data, encoding = "utf8") {
  if (typeof data === "string") return /^utf-?8$/i.test(encoding) ? encoder.encode(data) : Buffer.from(data, encoding);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new TypeError(`Cannot write: data is ${data === null ? "null" : typeof data}, not a string or bytes`);
}

function concat(parts) {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Leads the standard output streams through the response. Deno's `process.stdout` writes to its `Deno.stdout`. */
function captureStdout(res) {
  if (deno) {
    deno.stdout.writeSync = (bytes) => (res.write(bytes), bytes.length);
    deno.stdout.write = (bytes) => Promise.resolve(bytes).then(deno.stdout.writeSync);
    let writable;
    const get = () => writable ??= new WritableStream({ write: (bytes) => void res.write(bytes) });
    Object.defineProperty(deno.stdout, "writable", { get });
  } else {
    const write = (data, encoding, callback) => res.write(data, encoding, callback);
    // Not `res` itself, because `readable.pipe(process.stdout)` never calls `end`.
    const value = Object.assign(new Emitter(), { fd: 1, writable: true, write, end: (data) => res.end(data) });
    // Bun takes an assignment, which spares it the making of the real stream; on Node there is only a getter.
    if (!Reflect.set(process, "stdout", value)) Object.defineProperty(process, "stdout", { value, configurable: true });
  }
}

/** The runtime's console writes at once, so that a head before it is enough; a chunk-coded body needs one that frames. */
function captureConsole(res) {
  let framing;
  for (const name of PRINTING) {
    const native = console[name];
    console[name] = (...args) => {
      if (!res.flush().chunked) return native(...args);
      framing ??= new (builtin("node:console").Console)(process.stdout, process.stderr);
      framing[name](...args);
    };
  }
}

/** Calls `idle()` when the event loop is empty, then `exit(code)`; that alone when the program exits by itself. */
function atExit({ idle, exit: done }) {
  if (deno) { // it tells the web's listeners of every clean exit, Node's only of `process.exit`
    addEventListener("beforeunload", idle);
    addEventListener("unload", () => done(deno.exitCode));
    return;
  }
  process.once("beforeExit", idle);
  process.on("exit", done);
  if (process.versions.bun) { // it tells the listeners code 0 when a rejection that nobody handled ends the process
    process.on("unhandledRejection", (error) => {
      if (process.listenerCount("unhandledRejection") > 1) return;
      console.error(error);
      exit(1);
    });
  }
}

function readText(file) {
  return deno ? deno.readTextFileSync(file) : builtin("node:fs").readFileSync(file, "utf8");
}

function stdoutWriter() {
  const write = deno ? deno.stdout.writeSync.bind(deno.stdout) : (bytes) => builtin("node:fs").writeSync(1, bytes);
  return (bytes) => {
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(write(bytes));
      } catch (error) {
        if (error.code === "EPIPE") exit(1); // the client has left: nothing to tell, and nobody to tell it
        if (error.code !== "EAGAIN") throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
      }
    }
  };
}

main();
