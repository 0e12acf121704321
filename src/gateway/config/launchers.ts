/**
 * Commands that run code or other commands, and variables that such commands and the system's loader obey: where a client's
 * words can't stand among them. What is not known to be safe behind a launcher is refused.
 */

import { basename } from "node:path";

/** Shells whose code behind `-c` is followed by arguments of its own. */
const SHELLS = set("sh bash dash ash ksh mksh zsh");

/** They run their first argument as a script; all behind it belongs to the script. */
const RUN_SCRIPT = set("csh tcsh fish python pypy perl ruby node nodejs php lua luajit tclsh guile");

/** They run their first argument as a command; all behind it belongs to the command. */
const RUN_COMMAND = set("env nice nohup timeout gtimeout xargs sudo doas setsid stdbuf time exec command");

/** They take code or commands in options anywhere, or in ways of their own: nothing is safe behind them. */
const RUN_ANYTHING = set(
  "make gmake bmake cmake ninja git hg svn find awk gawk mawk nawk original-awk sed gsed jq ssh scp sftp rsync su runuser " +
    "pkexec setpriv capsh gosu su-exec chroot nsenter unshare flock taskset chrt ionice prlimit setarch strace ltrace gdb " +
    "perf watch script unbuffer expect parallel at batch crontab systemd-run screen tmux tini dumb-init busybox toybox " +
    "deno bun npm npx pnpm yarn tsx ts-node uv uvx pip pipx gem bundle rake cargo go java jshell groovy scala dotnet " +
    "swift runghc ghci erl escript elixir iex racket sbcl julia rscript r pwsh powershell osascript php-cgi docker podman " +
    "kubectl tar bsdtar zip sort split wget vi vim nvim ex ed emacs less more man m4 gcc cc g++ clang sqlite sqlite3 psql " +
    "mysql dc socat nc ncat openssl eval source . trap alias let declare typeset local export readonly unset read mapfile " +
    "readarray enable hash bind builtin coproc",
);

/** Of these, filters whose input is no code. */
const FILTERS = set("awk gawk mawk nawk original-awk sed gsed jq sort split less more tar openssl read mapfile");

const OBEYED = new RegExp(
  "^(?:(?:LD|DYLD|GIT|SSH|SUDO|BASH|PYTHON|PERL|PERL5|RUBY|NODE|PHP|LUA|JAVA|JDK|R|JULIA|DENO|BUN|NPM|GUILE|TCL|ERL|" +
    "ELIXIR|GEM|BUNDLE|CARGO|DOTNET|CORECLR|COR|XDG|OPENSSL|NIX|MALLOC|GLIBC|UV|PIP)_.*|(?:PYTHON|PERL|RUBY|PHP|LUA|BASH|" +
    "MAKE|LESS|TCL|GCONV|GCC).*|SLUICE_(?!PAYLOAD$).*|ENV|IFS|HOME|SHELL|ZDOTDIR|VISUAL|BROWSER|COMSPEC|CLASSPATH|PS\\d|" +
    "TERMINFO|TERMCAP|HOSTALIASES|CURL_HOME|.*(?:PATH|OPTS?|OPTIONS|FLAGS|PAGER|EDITOR|_?COMMAND|ASKPASS|_RSH|_PROXY|" +
    "PRELOAD|STARTUP|TUNABLES|_INIT))$",
  "i",
);

function set(names: string): ReadonlySet<string> {
  return new Set(names.split(" "));
}

/** True for a variable that loaders, shells or interpreters take code, commands or places of code from. */
export function isObeyed(variable: string): boolean {
  return OBEYED.test(variable);
}

/** True for a command that runs code or other commands. */
export function isLauncher(command: string): boolean {
  return [SHELLS, RUN_SCRIPT, RUN_COMMAND, RUN_ANYTHING].some((names) => isAmong(names, command));
}

/** True for one that may take what it reads for code. */
export function runsInput(command: string): boolean {
  return isLauncher(command) && !isAmong(FILTERS, command);
}

/** True for a shell that takes code behind `-c`. */
export function isShell(command: string): boolean {
  return isAmong(SHELLS, command);
}

/**
 * Where a shell's code stands among its arguments. An `o` among the letters would take the next word for itself.
 *
 * @returns undefined where that is not plain to see
 */
export function codeAt(args: readonly string[]): number | undefined {
  return args.length > 1 && /^-[a-np-z]*c$/.test(args[0]) && !/^[-+]/.test(args[1]) ? 1 : undefined;
}

/** True when a client's words are nothing but data at `i` of a command; `words[0]` is its name. */
export function isData(words: readonly string[], i: number): boolean {
  const [name, ...args] = words;
  if (i === 0) return false;
  if (!isLauncher(name)) return true;
  const at = behind(name, args.slice(0, i - 1));
  if (at === undefined) return false;
  return isAmong(RUN_COMMAND, name) ? isData(args.slice(at), i - 1 - at) : at < i - 1;
}

/** Where a launcher's script or command stands: with an option before it, that's not plain to see. */
function behind(name: string, args: readonly string[]): number | undefined {
  if (isAmong(RUN_ANYTHING, name)) return undefined;
  if (isShell(name) && codeAt(args)) return codeAt(args);
  let at = 0;
  if (isAmong(RUN_COMMAND, name)) {
    if (/timeout$/i.test(name)) at = /^\d+(?:\.\d+)?[smhd]?$/.test(args[0] ?? "") ? 1 : args.length;
    while (/^(?:env|sudo|doas)$/i.test(basename(name)) && /^\w+=/.test(args[at] ?? "")) at++;
  }
  return at < args.length && /^[^-+<>$`*?[{][^<>`]*$/.test(args[at]) ? at : undefined;
}

/** By the base name, with or without a version: `/usr/bin/python3.11` is `python`. */
function isAmong(names: ReadonlySet<string>, command: string): boolean {
  const name = basename(command).toLowerCase().replace(/\.exe$/, "");
  return names.has(name) || names.has(name.replace(/-?\d[\d.]*[a-z]?(?:-dbg)?$/, "")) ||
    (/^ld(?:-linux.*|-musl.*)?\.so/.test(name) || /^ld-/.test(name)) && names === RUN_ANYTHING;
}
