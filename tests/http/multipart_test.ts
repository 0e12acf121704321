/** Multipart forms (RFC 7578): what they carry, what is refused, and that nothing stays behind. */

import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { dirname } from "node:path";
import type { Source } from "../../src/bytes/source.ts";
import { HttpError } from "../../src/errors.ts";
import { Budget } from "../../src/http/budget.ts";
import { parseMultipart, type UploadedFile } from "../../src/http/multipart.ts";
import { limits } from "../../src/limits.ts";
import { defaultLauncher } from "../../src/process/launchers.ts";
import { program } from "../../src/process/program.ts";
import type { ExitReport } from "../../src/process/program_options.ts";
import { makeFolder } from "../support/folder.ts";
import { descriptors } from "../support/processes.ts";
import { ChunkSource, fromLatin1, latin1, splits } from "../support/sources.ts";
import { withVariables } from "../support/variables.ts";
import { until, within } from "../support/within.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const TYPE = 'multipart/form-data; boundary="b o/u"';

/** One part: a field, or a file where there is a file name. Each character is a byte. */
interface Part {
  readonly name: string;
  readonly content: string;
  readonly filename?: string;
  readonly type?: string;
}

const utf8 = (text: string) => fromLatin1(new TextEncoder().encode(text));

function form(parts: readonly Part[], end = "--b o/u--\r\n"): Bytes {
  const text = parts.map(({ name, content, filename, type }) =>
    `--b o/u\r\nContent-Disposition: form-data; name="${name}"${
      filename === undefined ? "" : `; filename="${filename}"`
    }\r\n` +
    `${type === undefined ? "" : `Content-Type: ${type}\r\n`}\r\n${content}\r\n`
  );
  return latin1(text.join("") + end);
}

interface Parsed {
  readonly fields: Record<string, unknown>;
  /** By name: file name, type, size and content, of several in an array. */
  readonly files: Record<string, unknown>;
  /** Whether a directory was asked for. */
  readonly directory: boolean;
}

/** Takes a form apart in a folder of its own. */
async function parse(
  source: Source | readonly Bytes[],
  more: { type?: string; fieldBytes?: number; fileBytes?: number } = {},
): Promise<Parsed> {
  await using folder = await makeFolder();
  let directory = false;
  const { fields, files } = await parseMultipart(
    "read" in source ? source : new ChunkSource(source),
    more.type ?? TYPE,
    {
      parsedBodyBytes: more.fieldBytes ?? 10_000,
      formFilesBytes: more.fileBytes ?? 10_000,
      files: new Budget(Infinity).claim(),
      directory: () => {
        directory = true;
        return Promise.resolve(folder.path);
      },
    },
  );
  const describe = ({ path, ...rest }: UploadedFile) => {
    equal(dirname(path), folder.path);
    equal(Deno.statSync(path).mode! & 0o777, 0o600);
    return { ...rest, content: fromLatin1(Deno.readFileSync(path)) };
  };
  const described = Object.entries(files).map((
    [name, file],
  ) => [name, Array.isArray(file) ? file.map(describe) : describe(file)]);
  return { fields: Object.fromEntries(Object.entries(fields)), files: Object.fromEntries(described), directory };
}

function answers(status: number): (error: unknown) => boolean {
  return (error) => {
    ok(error instanceof HttpError, String(error));
    equal(error.status, status, error.message);
    return true;
  };
}

const binary = fromLatin1(Uint8Array.from({ length: 256 }, (_, i) => i)) + "\r\n--b o\r\n-\r\n--\r\n";

Deno.test("parseMultipart() gives fields and files, several of one name as an array", async () => {
  const parsed = await parse([form([
    { name: "a", content: "1" },
    { name: "file", content: binary, filename: "x.bin", type: "application/octet-stream" },
    { name: "a", content: "line\r\nbreak" },
    { name: "empty", content: "" },
    { name: utf8("grüße"), content: utf8("€ 😀") },
    { name: "files", content: "one", filename: "1.txt", type: "text/plain" },
    { name: "files", content: "", filename: utf8("ü.txt"), type: "text/plain; charset=utf-8" },
  ])]);
  deepEqual(parsed.fields, { a: ["1", "line\r\nbreak"], empty: "", "grüße": "€ 😀" });
  deepEqual(parsed.files, {
    file: { filename: "x.bin", contentType: "application/octet-stream", size: binary.length, content: binary },
    files: [
      { filename: "1.txt", contentType: "text/plain", size: 3, content: "one" },
      { filename: "ü.txt", contentType: "text/plain", size: 0, content: "" },
    ],
  });
});

Deno.test("parseMultipart() asks for no directory when there is no file, and takes a form without parts", async () => {
  equal((await parse([form([{ name: "a", content: "1" }])])).directory, false);
  deepEqual(await parse([form([])]), { fields: {}, files: {}, directory: false });
});

Deno.test("parseMultipart() gives the same, however the form is cut", async () => {
  const parts = [{ name: "a", content: "1\r\n--b o/" }, {
    name: "f",
    content: "\r\n\0\xff",
    filename: "n",
    type: "a/b",
  }];
  for (const chunks of splits(form(parts))) {
    deepEqual(await parse(chunks), {
      fields: { a: "1\r\n--b o/" },
      files: { f: { filename: "n", contentType: "a/b", size: 4, content: "\r\n\0\xff" } },
      directory: true,
    });
  }
});

Deno.test("parseMultipart() takes parts that come slowly", async () => {
  const bytes = form([{ name: "a", content: "1" }, { name: "f", content: "content", filename: "n", type: "a/b" }]);
  let at = 0;
  const slow: Source = {
    read: async () => {
      await new Promise((resolve) => setTimeout(resolve, 0));
      return at < bytes.byteLength ? bytes.slice(at, at += 3) : undefined;
    },
    cancel: () => {},
  };
  const { fields, files } = await parse(slow);
  deepEqual([fields, Object.keys(files)], [{ a: "1" }, ["f"]]);
});

Deno.test("parseMultipart() takes names that objects have for names only", async () => {
  const names = ["__proto__", "constructor", "hasOwnProperty", "toString"];
  const parsed = await parse([
    form(names.flatMap((name) => [{ name, content: name }, { name, content: "x", filename: name, type: "a/b" }])),
  ]);
  deepEqual(Object.keys(parsed.fields), names);
  deepEqual(Object.keys(parsed.files), names);
  equal(({} as Record<string, unknown>).filename, undefined);
});

Deno.test("parseMultipart() lets no file name choose a place", async () => {
  const filenames = ["../../etc/passwd", "/etc/passwd", "..", ".", "", "a/b\\c", "C:\\x", "n".repeat(1000), "con\x01"];
  const { files } = await parse([
    form(filenames.map((filename) => ({ name: "f", content: "x", filename, type: "text/plain" }))),
  ]);
  equal((files.f as unknown[]).length, filenames.length);
});

Deno.test("parseMultipart() takes as many parts as its bound, and refuses one more with 413", async () => {
  for (const [most, file] of [[limits.formParts, {}], [limits.formFiles, { filename: "n", type: "a/b" }]] as const) {
    const parts = (count: number) => Array.from({ length: count }, () => ({ name: "a", content: "x", ...file }));
    const { fields, files } = await parse([form(parts(most))]);
    equal(((fields.a ?? files.a) as unknown[]).length, most);
    await rejects(within("it is refused", parse([form(parts(most + 1))])), answers(413));
  }
});

Deno.test("parseMultipart() refuses fields that are too large with 413, one or all together, and cuts none silently", async () => {
  const cases: Record<string, Part[]> = {
    "one": [{ name: "a", content: "x".repeat(1001) }],
    "one of wide characters": [{ name: "a", content: utf8("€".repeat(400)) }],
    "one far too large": [{ name: "a", content: "x".repeat(100_000) }],
    "many together": Array.from({ length: 20 }, () => ({ name: "a", content: "x".repeat(60) })),
    "long names": Array.from({ length: 20 }, (_, i) => ({ name: "n".repeat(60) + i, content: "" })),
  };
  for (const [what, parts] of Object.entries(cases)) {
    await rejects(within(`${what}: it is refused`, parse([form(parts)], { fieldBytes: 1000 })), answers(413), what);
  }
  deepEqual((await parse([form([{ name: "a", content: utf8("€".repeat(300)) }])], { fieldBytes: 1000 })).fields, {
    a: "€".repeat(300),
  });
});

Deno.test("parseMultipart() refuses a name that is too long, rather than cut it", async () => {
  for (const file of [{}, { filename: "n", type: "a/b" }]) {
    const named = (length: number) => form([{ name: "n".repeat(length), content: "x", ...file }]);
    const { fields, files } = await parse([named(1000)]);
    deepEqual([...Object.keys(fields), ...Object.keys(files)], ["n".repeat(1000)]);
    for (const length of [2000, 100_000, 1_000_000]) {
      await rejects(within("it is refused", parse([named(length)])), HttpError, `${length} characters`);
    }
  }
});

Deno.test("parseMultipart() refuses a part without a name with 400", async () => {
  for (const disposition of ["form-data", 'form-data; filename="n"']) {
    const text = `--b o/u\r\nContent-Disposition: ${disposition}\r\n\r\nx\r\n--b o/u--\r\n`;
    await rejects(within("it is refused", parse([latin1(text)])), answers(400), disposition);
  }
});

Deno.test("parseMultipart() refuses files that are too large with 413, one or all together", async () => {
  const file = (bytes: number) => ({ name: "f", content: "x".repeat(bytes), filename: "n", type: "a/b" });
  equal(Object.keys((await parse([form([file(600), file(400)])], { fileBytes: 1000 })).files).length, 1);
  for (const parts of [[file(1001)], [file(600), file(401)], [file(500_000)], [file(1000), file(1)]]) {
    await rejects(within("it is refused", parse([form(parts)], { fileBytes: 1000 })), answers(413));
  }
});

Deno.test("parseMultipart() stops reading a form that is too large", async () => {
  const head = form([{ name: "f", content: "", filename: "n", type: "a/b" }], "").slice(0, -2);
  let given = 0;
  const endless: Source = {
    read: async () => {
      await new Promise((resolve) => setTimeout(resolve, 0));
      return given++ === 0 ? head : latin1("x".repeat(10_000));
    },
    cancel: () => {},
  };
  await rejects(within("it is refused", parse(endless, { fileBytes: 50_000 })), answers(413));
  ok(given < 100, `${given} pieces were read`);
});

Deno.test("parseMultipart() refuses a form that ends too early with 400, wherever that is, and holds no file open", async () => {
  const whole = form([{ name: "a", content: "1" }, { name: "f", content: "content", filename: "n", type: "a/b" }]);
  const before = descriptors(Deno.pid).length;
  // The line end behind the last boundary may be missing.
  for (let length = 0; length < whole.byteLength - 2; length++) {
    await rejects(
      within(`it is refused after ${length} bytes`, parse([whole.slice(0, length)])),
      answers(400),
      `${length} bytes`,
    );
  }
  await until("the files are closed", () => descriptors(Deno.pid).length <= before);
});

Deno.test("parseMultipart() refuses a form without a boundary, or with another, with 400", async () => {
  const bytes = form([{ name: "a", content: "1" }]);
  for (
    const type of [
      "multipart/form-data",
      "multipart/form-data; boundary=",
      'multipart/form-data; boundary=""',
      "multipart/form-data; boundary=other",
    ]
  ) {
    await rejects(within(`${type} is refused`, parse([bytes], { type })), answers(400), type);
  }
});

Deno.test("parseMultipart() refuses what is no form with 400", async () => {
  for (
    const text of ["", "hello", '{"a": 1}', "\r\n\r\n", "--", "--b o/u", "--b o/u\r\n", "--b o/u\r\nno header\r\n\r\n"]
  ) {
    await rejects(within("it is refused", parse([latin1(text)])), answers(400), JSON.stringify(text));
  }
});

Deno.test("parseMultipart() passes on what is not the form's own fault", async () => {
  const bytes = form([{ name: "f", content: "content", filename: "n", type: "a/b" }]).slice(0, 100);
  for (const error of [new HttpError(408, "too slow"), new Error("reset")]) {
    const steps: (() => Promise<Bytes>)[] = [() => Promise.resolve(bytes), () => Promise.reject(error)];
    await rejects(within("it is refused", parse({ read: () => steps.shift()!(), cancel: () => {} })), error);
  }
});

defaultLauncher(); // it opens the C library, which stays open: not in the middle of a test

/** A program that tells what it finds in the files of a form, or fails where it is asked to. */
const script = `
const { readFileSync } = require("node:fs");
module.exports = (service) => {
  if (service.params.fail) throw new Error("asked to fail");
  const files = Object.entries(service.req.files).map(([name, file]) => [name, readFileSync(file.path, "utf8"), file.path]);
  service.res.json({ params: service.params, files });
};
`;

/** The program, with a temporary folder of its own. */
async function makeService() {
  const folder = await makeFolder({ "service.cjs": script });
  const temporary = await makeFolder();
  const variables = withVariables({ TMPDIR: temporary.path });
  const exits: ExitReport[] = [];
  const handler = program({ file: folder.file("service.cjs"), onExit: (report) => exits.push(report) });
  return {
    handler,
    exits,
    left: () => temporary.names().filter((name) => name.startsWith("sluice-")),
    [Symbol.asyncDispose]: async () => {
      await handler[Symbol.asyncDispose]();
      variables[Symbol.dispose]();
      await folder[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

function upload(body: BodyInit, signal?: AbortSignal): Request {
  return new Request(
    "http://localhost/",
    { method: "POST", headers: { "content-type": TYPE }, body, signal, duplex: "half" } as RequestInit,
  );
}

const whole = form([{ name: "a", content: "1" }, { name: "f", content: "content", filename: "n", type: "a/b" }]);

Deno.test("the files of a form are there for the program, and gone after the request", async () => {
  await using service = await makeService();
  const response = await service.handler(upload(whole));
  const { params, files } = await response.json();
  deepEqual([response.status, params, files[0].slice(0, 2)], [200, { a: "1" }, ["f", "content"]]);
  await until("the process has been let go", () => service.exits.length === 1);
  deepEqual(service.left(), []);
});

Deno.test("the files of a form are gone after a program that failed", async () => {
  await using service = await makeService();
  const failing = form([{ name: "f", content: "content", filename: "n", type: "a/b" }, {
    name: "fail",
    content: "yes",
  }]);
  const response = await service.handler(upload(failing));
  equal(response.status, 502);
  await response.body?.cancel();
  await until("the process has been let go", () => service.exits.length === 1);
  deepEqual(service.left(), []);
});

Deno.test("the files of a form that is refused are gone when it is answered", async () => {
  await using service = await makeService();
  const response = await service.handler(upload(whole.slice(0, -20)));
  equal(response.status, 400);
  await response.body?.cancel();
  deepEqual(service.left(), []);
  deepEqual(service.exits, []);
});

Deno.test("the files of a form are gone when the client leaves in the middle of it", async () => {
  await using service = await makeService();
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (given) => void (controller = given) });
  const answer = service.handler(upload(body));
  controller.enqueue(whole.slice(0, -15));
  await until("a file is written", () => service.left().length === 1);
  controller.error(new Error("The connection was closed"));
  const response = await within("it is answered", Promise.resolve(answer));
  equal(response.status, 400);
  await response.body?.cancel();
  deepEqual(service.left(), []);
});
