/** Where a client's payload may stand in a program's arguments and variables. */

import { doesNotThrow, throws } from "node:assert/strict";
import { checkCallback } from "../../../src/gateway/reply/check_callback.ts";
import { checkPlaceholders } from "../../../src/gateway/reply/placeholder.ts";
import { callbackConfig } from "../../support/callback.ts";

const P = "{{jsonpayload}}";

const check = (command: readonly string[], env: Readonly<Record<string, string>> = {}) => () =>
  checkPlaceholders({ file: undefined, command, args: [], env });

const refused: readonly (readonly string[])[] = [
  [P],
  [`./${P}`, "x"],
  ["sh", "-ec", "--", `echo ${P}`],
  ["bash", "-c", "--", `echo ${P}`],
  ["bash", "-c", `echo ${P}`],
  ["bash", "-oc", "errexit", P],
  ["bash", "-O", "extglob", P],
  ["bash", "+c", P],
  ["bash", P],
  ["bash", `x${P}.sh`, P],
  ["/usr/local/bin/BASH", P],
  ["sh", "--", P],
  ["sh", "-s", P],
  ["env", P],
  ["env", "-S", P],
  ["env", `A=${P}`, "./x"],
  ["env", "A=b", "sh", P],
  ["env", "-i", "./x", P],
  ["make", "-s", "-f", "/dev/null", `--eval=${P}`],
  ["make", "all", P],
  ["git", "-c", `alias.x=${P}`, "x"],
  ["git", "grep", P],
  ["find", ".", P],
  ["gawk", "{ print }", P],
  ["sed", "s/a/b/", P],
  ["ssh", "host", P],
  ["tar", "-cf", "x.tar", P],
  ["deno", "run", P],
  ["busybox", "sh", P],
  ["python3.11", "-c", P],
  ["python3.13t", `-c${P}`],
  ["python3", "-m", P],
  ["perl5.36.0", `-e${P}`],
  ["node18", `--eval=${P}`],
  ["nodejs", "--require", "./y.js", P],
  ["php8.2", "-r", P],
  ["ruby", "-r", "json", P],
  ["timeout", "5", P],
  ["timeout", "-s", "KILL", P],
  ["timeout", "5", "sh", "-c", P],
  ["timeout", "5", "nice", "bash", P],
  ["nohup", "env", P],
  ["nice", "-n", "5", P],
  ["stdbuf", "-oL", P],
  ["setsid", P],
  ["xargs", "sh", P],
  ["sudo", "-u", "x", P],
  ["/lib64/ld-linux-x86-64.so.2", P],
];

const allowed: readonly (readonly string[])[] = [
  ["/bin/echo", P],
  ["/usr/bin/echo", "I", "stored", P],
  ["echo", "-c", P],
  ["echo", "sh", `-c${P}`],
  ["./x", `--data=${P}`],
  ["sh", "script.sh", P],
  ["/bin/bash", "script.sh", "-c", P],
  ["sh", "-c", 'echo "$1"', "sh", P],
  ["bash", "-ec", 'echo "$1"', "sh", P],
  ["python3", "x.py", `--data=${P}`],
  ["node", "x.js", P],
  ["timeout", "5", "./x", P],
  ["timeout", "0.5s", "python3", "x.py", P],
  ["nohup", "nice", "./x", P],
  ["env", "A=b", "./x", P],
  ["xargs", "./x", P],
  ["base64", P],
  ["make", "all"],
];

Deno.test("a payload is refused where a launcher of code or commands might run it", () => {
  for (const command of refused) {
    throws(check(command), /^TypeError: Cannot put .*stdin, env \(SLUICE_PAYLOAD\) or file/, command.join(" "));
  }
});

Deno.test("a payload may stand where it is data", () => {
  for (const command of allowed) doesNotThrow(check(command), command.join(" "));
});

Deno.test("a file that is a shell is a launcher too, and arguments count behind it", () => {
  const file = (file: string, args: readonly string[]) => () =>
    checkPlaceholders({ file, command: undefined, args, env: {} });
  throws(file("/bin/sh", ["-c", P]), TypeError);
  doesNotThrow(file("/srv/store.sh", ["-c", P]));
});

Deno.test("a payload is refused in variables that loaders and interpreters obey", () => {
  const obeyed = "BASH_ENV ENV LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT DYLD_INSERT_LIBRARIES PYTHONSTARTUP PYTHONPATH " +
    "NODE_OPTIONS NODE_PATH RUBYOPT RUBYLIB PERL5OPT PERL5LIB PERL5DB PATH IFS PS4 GIT_SSH_COMMAND GIT_EXEC_PATH " +
    "JAVA_TOOL_OPTIONS _JAVA_OPTIONS CLASSPATH MAKEFLAGS LUA_INIT PAGER EDITOR SHELL HOME LESSOPEN PROMPT_COMMAND " +
    "SHELLOPTS GCONV_PATH PHPRC SLUICE_WARM path BASH_FUNC_x%%";
  for (const name of obeyed.split(" ")) throws(check(["./x"], { [name]: P }), TypeError, name);
  throws(check(["./x"], { [`A${P}`]: "" }), TypeError);
  for (const name of ["PAYLOAD", "JSONPAYLOAD", "SLUICE_PAYLOAD", "MYENV", "P", "DATA"]) {
    doesNotThrow(check(["./x"], { [name]: `a${P}`, PATH: "/bin" }), name);
  }
});

Deno.test("a payload of the channel cmdline counts where it will stand: behind all arguments", () => {
  const of = (command: readonly string[]) => callbackConfig({ program: { command } }).program;
  for (const command of [["env"], ["sh"], ["sh", "-c"], ["timeout", "5"], ["sed", "s/a/b/"]]) {
    throws(() => checkCallback(of(command), "cmdline"), TypeError, command.join(" "));
    doesNotThrow(() => checkCallback(of(command), "file"));
  }
  for (const command of [["./x"], ["sh", "x.sh"], ["sh", "-c", "echo"]]) checkCallback(of(command), "cmdline");
});
