/**
 * The templates, carried as text so that a bundle or an executable has them too. Each file has `.txt` behind its name, so that
 * no tool takes it for a source of Sluice.
 */

import bashHelloSh from "./templates/bash/hello.sh.txt" with { type: "text" };
import cHelloC from "./templates/c/hello.c.txt" with { type: "text" };
import goGoMod from "./templates/go/go.mod.txt" with { type: "text" };
import goHelloGo from "./templates/go/hello.go.txt" with { type: "text" };
import goHelloTestGo from "./templates/go/hello_test.go.txt" with { type: "text" };
import javascriptHelloJs from "./templates/javascript/hello.js.txt" with { type: "text" };
import javascriptHelloTestJs from "./templates/javascript/hello_test.js.txt" with { type: "text" };
import luaHelloLua from "./templates/lua/hello.lua.txt" with { type: "text" };
import perlHelloPl from "./templates/perl/hello.pl.txt" with { type: "text" };
import perlHelloT from "./templates/perl/hello.t.txt" with { type: "text" };
import phpHelloPhp from "./templates/php/hello.php.txt" with { type: "text" };
import pythonHelloPy from "./templates/python/hello.py.txt" with { type: "text" };
import pythonTestHelloPy from "./templates/python/test_hello.py.txt" with { type: "text" };
import rubyHelloRb from "./templates/ruby/hello.rb.txt" with { type: "text" };
import rubyHelloTestRb from "./templates/ruby/hello_test.rb.txt" with { type: "text" };
import rustHelloRs from "./templates/rust/hello.rs.txt" with { type: "text" };
import testSh from "./templates/shared/test.sh.txt" with { type: "text" };
import typescriptHelloTestTs from "./templates/typescript/hello_test.ts.txt" with { type: "text" };
import typescriptHelloTs from "./templates/typescript/hello.ts.txt" with { type: "text" };
import type { Template } from "./template.ts";

/** All templates, in the order of the list. */
export const templates: readonly Template[] = [
  {
    name: "python",
    script: "hello.py",
    testFile: "test_hello.py",
    test: "python3 -m unittest",
    words: "json",
    ignored: ["__pycache__/"],
    files: { "hello.py": pythonHelloPy, "test_hello.py": pythonTestHelloPy },
  },
  {
    name: "javascript",
    script: "hello.js",
    testFile: "hello_test.js",
    test: "deno test -A",
    words: "json",
    files: { "hello.js": javascriptHelloJs, "hello_test.js": javascriptHelloTestJs },
  },
  {
    name: "typescript",
    script: "hello.ts",
    testFile: "hello_test.ts",
    test: "deno test -A",
    words: "json",
    files: { "hello.ts": typescriptHelloTs, "hello_test.ts": typescriptHelloTestTs },
  },
  {
    name: "ruby",
    script: "hello.rb",
    testFile: "hello_test.rb",
    test: "ruby hello_test.rb",
    words: "single",
    files: { "hello.rb": rubyHelloRb, "hello_test.rb": rubyHelloTestRb },
  },
  {
    name: "php",
    script: "hello.php",
    testFile: "test.sh",
    test: "./test.sh",
    words: "shell",
    files: { "hello.php": phpHelloPhp, "test.sh": testSh },
  },
  {
    name: "perl",
    script: "hello.pl",
    testFile: "hello.t",
    test: "prove hello.t",
    words: "single",
    files: { "hello.pl": perlHelloPl, "hello.t": perlHelloT },
  },
  {
    name: "lua",
    script: "hello.lua",
    testFile: "test.sh",
    test: "./test.sh",
    words: "shell",
    files: { "hello.lua": luaHelloLua, "test.sh": testSh },
  },
  {
    name: "bash",
    also: ["sh"],
    script: "hello.sh",
    mode: "cgi",
    testFile: "test.sh",
    test: "./test.sh",
    words: "shell",
    files: { "hello.sh": bashHelloSh, "test.sh": testSh },
  },
  {
    name: "go",
    script: "hello.go",
    mode: "cgi",
    testFile: "hello_test.go",
    test: "go test",
    words: "json",
    files: { "hello.go": goHelloGo, "go.mod": goGoMod, "hello_test.go": goHelloTestGo },
  },
  {
    name: "rust",
    script: "hello.rs",
    mode: "cgi",
    testFile: "test.sh",
    test: "./test.sh",
    words: "shell",
    files: { "hello.rs": rustHelloRs, "test.sh": testSh },
  },
  {
    name: "c",
    script: "hello.c",
    mode: "cgi",
    testFile: "test.sh",
    test: "./test.sh",
    words: "shell",
    files: { "hello.c": cHelloC, "test.sh": testSh },
  },
];
