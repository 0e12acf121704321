/**
 * The languages Sluice knows without being told. Those with a runner speak in service mode, the others in plain mode.
 * Every argument list was chosen for the same properties: nothing is written next to the source, errors go to standard
 * error and end in an exit code, text is UTF-8 whatever the locale, and users' own libraries are still found.
 */

import type { Language } from "./language.ts";

const denoRun = ["run", "--quiet", "{config}", "--no-lock", "--allow-all"];

// Some interpreters cannot tell their version: with an empty standard input and no arguments they print nothing and end.
const versionless: readonly string[] = [];

// The paths are arguments of these two programs, not part of them. Guile's own cache of compiled files would be filled by
// the first requests at the same time; interpreting instead costs half a second for 300 small functions.
const guileCompile = `(use-modules (system base compile))
  (apply compile-file (cadr (command-line)) #:output-file (cddr (command-line)))`;
const guileLoad = `(false-if-exception (setlocale LC_CTYPE "C.UTF-8")) (load-compiled (cadr (command-line)))`;

export const languages: readonly Language[] = [
  {
    name: "javascript",
    aliases: ["js", "babel", "deno"],
    extensions: [".js", ".mjs", ".cjs", ".jsx"],
    interpreters: ["deno"],
    run: ["{interpreter}", ...denoRun, "{runner}", "{file}"],
    direct: ["{interpreter}", ...denoRun, "{file}"],
    runner: "javascript.js",
    warm: { how: "ahead", part: "javascript_deno.mjs" },
    install: "Deno, https://deno.com",
  },
  {
    name: "typescript",
    aliases: ["ts"],
    extensions: [".ts", ".mts", ".cts", ".tsx"],
    interpreters: ["deno"],
    run: ["{interpreter}", ...denoRun, "{runner}", "{file}"],
    direct: ["{interpreter}", ...denoRun, "{file}"],
    runner: "javascript.js",
    warm: { how: "ahead", part: "javascript_deno.mjs" },
    install: "Deno, https://deno.com",
  },
  {
    name: "node",
    aliases: ["nodejs"],
    extensions: [],
    interpreters: ["node", "nodejs"],
    run: ["{interpreter}", "{runner}", "{file}"],
    direct: ["{interpreter}", "{file}"],
    runner: "javascript.js",
    warm: { how: "ahead", part: "javascript_ahead.mjs" },
    install: "nodejs",
  },
  {
    name: "bun",
    extensions: [],
    interpreters: ["bun"],
    run: ["{interpreter}", "{runner}", "{file}"],
    direct: ["{interpreter}", "{file}"],
    runner: "javascript.js",
    warm: { how: "ahead", part: "javascript_ahead.mjs" },
    install: "Bun, https://bun.sh",
  },
  {
    name: "coffee-script",
    aliases: ["coffee", "coffeescript"],
    extensions: [".coffee"],
    interpreters: ["coffee"],
    build: ["{interpreter}", "--compile", "--bare", "--output", "{out}", "{file}"],
    run: ["deno", ...denoRun, "{runner}", "{out}/{stem}.js"],
    direct: ["deno", ...denoRun, "{out}/{stem}.js"],
    runner: "javascript.js",
    install: "coffeescript",
  },
  {
    name: "python",
    aliases: ["python3", "py"],
    extensions: [".py"],
    interpreters: ["python3"],
    run: ["{interpreter}", "-X", "utf8", "{runner}", "{file}"],
    direct: ["{interpreter}", "-X", "utf8", "{file}"],
    runner: "python.py",
    warm: { how: "fork", part: "python.py" },
    install: "python3",
  },
  {
    name: "ruby",
    aliases: ["rb"],
    extensions: [".rb"],
    interpreters: ["ruby"],
    run: ["{interpreter}", "-r", "{runner}", "{file}"],
    direct: ["{interpreter}", "{file}"],
    runner: "ruby.rb",
    warm: { how: "fork", part: "ruby.rb" },
    install: "ruby",
  },
  {
    name: "perl",
    aliases: ["pl"],
    extensions: [".pl"],
    interpreters: ["perl"],
    // The runner is an argument behind the script, because a path pasted into `-M` would be code.
    run: ["{interpreter}", "-M5.008;BEGIN{require shift@ARGV}", "{file}", "{runner}"],
    direct: ["{interpreter}", "{file}"],
    runner: "perl.pl",
    warm: { how: "fork", part: "perl.pl" },
    install: "perl",
  },
  {
    name: "php",
    extensions: [".php"],
    interpreters: ["php"],
    // Without a php.ini, PHP prints even the errors of its own start-up into the response.
    run: ["{interpreter}", "-d", "display_errors=stderr", "-d", "auto_prepend_file={runner}", "-f", "{file}", "--"],
    direct: ["{interpreter}", "-d", "display_errors=stderr", "-f", "{file}", "--"],
    runner: "php.php",
    warm: { how: "fork", part: "php.php" },
    install: "php-cli",
  },
  {
    name: "lua",
    extensions: [".lua"],
    interpreters: ["lua", "lua5.4", "lua5.3", "lua5.2", "lua5.1", "luajit"],
    run: ["{interpreter}", "{runner}", "{file}"],
    direct: ["{interpreter}", "{file}"],
    runner: "lua.lua",
    versionArgs: ["-v"],
    install: "lua5.4",
  },
  {
    name: "tcl",
    aliases: ["tclsh"],
    extensions: [".tcl"],
    interpreters: ["tclsh", "tclsh8.6"],
    run: ["{interpreter}", "{runner}", "{file}"],
    direct: ["{interpreter}", "{file}"],
    runner: "tcl.tcl",
    versionArgs: versionless,
    install: "tcl",
  },
  {
    name: "bash",
    extensions: [".bash", ".sh"],
    interpreters: ["bash"],
    run: ["{interpreter}", "{file}"],
    install: "bash",
  },
  {
    name: "sh",
    aliases: ["dash"],
    extensions: [],
    interpreters: ["dash", "sh"],
    run: ["{interpreter}", "{file}"],
    versionArgs: versionless,
    install: "dash",
  },
  {
    name: "awk",
    aliases: ["gawk"],
    extensions: [".awk"],
    // mawk comes last: it waits for a full buffer or the end of its input.
    interpreters: ["gawk", "awk", "mawk"],
    run: ["{interpreter}", "-f", "{file}", "--"],
    versionArgs: ["-W", "version"],
    install: "gawk",
  },
  {
    name: "r",
    aliases: ["rscript"],
    extensions: [".r"],
    interpreters: ["Rscript"],
    run: ["{interpreter}", "{file}"],
    warm: { how: "ahead", part: "r.R", variable: "R_PROFILE" },
    install: "r-base-core",
  },
  {
    name: "scheme",
    aliases: ["guile"],
    extensions: [".scm", ".ss"],
    interpreters: ["guile", "guile-3.0"],
    build: ["{interpreter}", "--no-auto-compile", "-c", guileCompile, "{file}", "{out}"],
    run: ["{interpreter}", "--no-auto-compile", "-c", guileLoad, "{out}"],
    install: "guile-3.0",
  },
  {
    name: "lisp",
    aliases: ["common-lisp", "sbcl"],
    extensions: [".lisp"],
    interpreters: ["sbcl"],
    // Not compiled ahead: a script may load a package first and then name its symbols.
    run: ["{interpreter}", "--script", "{file}"],
    install: "sbcl",
  },
  {
    name: "clisp",
    extensions: [],
    interpreters: ["clisp"],
    run: ["{interpreter}", "-norc", "-E", "utf-8", "{file}"],
    install: "clisp",
  },
  {
    name: "smalltalk",
    aliases: ["gst"],
    extensions: [".st"],
    interpreters: ["gst"],
    run: ["{interpreter}", "-f", "{file}"],
    install: "GNU Smalltalk, https://www.gnu.org/software/smalltalk/ (no package in Debian 12)",
  },
  {
    name: "ocaml",
    extensions: [".ml"],
    interpreters: ["ocamlopt"],
    // Of a copy, because ocamlopt writes beside its source. From OCaml 5 on, Unix and Str lie in folders of their own.
    build: [
      ...["{interpreter}", "-w", "-bad-module-name", "-I", "+unix", "-I", "+str"],
      ...["unix.cmxa", "str.cmxa", "-o", "{out}", "{copy}"],
    ],
    run: ["{out}"],
    install: "ocaml",
  },
  {
    name: "c",
    aliases: ["gcc"],
    extensions: [".c"],
    interpreters: ["cc", "gcc", "clang"],
    build: ["{interpreter}", "-O2", "-o", "{out}", "{file}", "-lm"],
    run: ["{out}"],
    install: "gcc",
  },
  {
    name: "cpp",
    aliases: ["c++", "g++"],
    extensions: [".cpp", ".cc", ".cxx"],
    interpreters: ["c++", "g++", "clang++"],
    build: ["{interpreter}", "-O2", "-o", "{out}", "{file}"],
    run: ["{out}"],
    install: "g++",
  },
  {
    name: "go",
    aliases: ["golang"],
    extensions: [".go"],
    interpreters: ["go"],
    build: ["{interpreter}", "build", "-o", "{out}", "{file}"],
    run: ["{out}"],
    versionArgs: ["version"],
    install: "golang-go",
  },
  {
    name: "rust",
    extensions: [".rs"],
    interpreters: ["rustc"],
    // The name of the crate comes from the file otherwise, and not every file name will do.
    build: ["{interpreter}", "-O", "--edition", "2021", "--crate-name", "main", "-o", "{out}", "{file}"],
    run: ["{out}"],
    install: "rustc",
  },
  {
    name: "java",
    extensions: [".java"],
    interpreters: ["java"],
    build: ["javac", "-encoding", "UTF-8", "-d", "{out}", "{file}"],
    run: [
      ...["{interpreter}", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"],
      ...["-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-Dstderr.encoding=UTF-8", "-cp", "{out}", "{stem}"],
    ],
    install: "default-jdk-headless",
  },
  {
    // Chosen for a file with the execute bit whose extension belongs to no language.
    name: "executable",
    extensions: [],
    run: ["{file}"],
  },
];
