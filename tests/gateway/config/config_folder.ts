/** A folder with what configuration files name, for tests of reading them. */

import { join } from "node:path";
import { ConfigError } from "../../../src/gateway/config/fault.ts";
import type { GatewayConfig } from "../../../src/gateway/config/model.ts";
import { parseConfig } from "../../../src/gateway/config/read_config.ts";
import { type Folder, makeFolder } from "../../support/folder.ts";

/** The folder, and what reads a file that would lie in it. */
export interface ConfigFolder extends Folder {
  /** Reads a text as such a file. */
  parse(text: string, name?: string): GatewayConfig;
  /** Messages about a text, without the folder; none when it is right. */
  faults(text: string, name?: string): readonly string[];
}

/** Variables that secrets are taken from. */
const VARIABLES: Readonly<Record<string, string>> = {
  HOME: "/home/somebody",
  XDG_RUNTIME_DIR: "/run/user/1000",
  TOKEN: "t0ken",
  LOGIN: "eva:lovelace",
  EMPTY: "",
};

/** Makes one. */
export async function makeConfigFolder(): Promise<ConfigFolder> {
  const folder = await makeFolder({
    "hello.py": "print('hello')\n",
    "script": "#!/bin/sh\necho hello\n",
    "notes.txt": "no program\n",
    "cert.pem": "certificate",
    "key.pem": "key",
    "petstore.yaml": "openapi: 3.1.0\n",
    "tokens": "# those who may\nalpha\n\nbeta\n",
    "users": "ada:pass:word\nbob:sha256:" + "ab".repeat(32) + "\n",
    "nothing": "",
  });
  await Deno.mkdir(folder.file("public"));
  await Deno.writeTextFile(join(folder.file("public"), "app.html"), "<p>");
  const parse = (text: string, name = "gateway.toml") =>
    parseConfig(text, folder.file(name), { variable: (name) => VARIABLES[name] });
  return {
    ...folder,
    parse,
    faults(text, name) {
      try {
        parse(text, name);
        return [];
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return error.message.split("\n").map((line) => line.replace(`${folder.path}/`, ""));
      }
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
