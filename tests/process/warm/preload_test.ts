/** What a warm parent may load ahead: nothing that a cold run would find otherwise. */

import { deepEqual, match } from "node:assert/strict";
import { findInterpreter, Languages } from "../../../src/process/languages.ts";
import { program, type WarmState } from "../../../mod.ts";
import { makeFolder } from "../../support/folder.ts";
import { libc } from "../../../src/process/libc.ts";

libc(); // it stays open as long as the process lives

/** A script, the files beside it, and why it is not kept warm, if it is not. */
interface Case {
  readonly files: Record<string, string>;
  readonly refused?: RegExp;
}

const MODULE = `import os\nV = "own"\nQ = os.environ.get("QUERY_STRING")\n`;

const cases: Record<string, Case> = {
  "a folder of modules that the script puts first": {
    files: {
      "script.py":
        `import os, sys\nsys.path.insert(0, os.path.dirname(__file__))\nimport calendar\nprint(calendar.__name__, ` +
        `getattr(calendar, "V", "library"))\n`,
    },
  },
  "a module with the name of a library's that a library imports": {
    files: {
      "script.py": `import concurrent.futures.thread\nimport queue\nprint(getattr(queue, "V", "library"))\n`,
      "queue.py": `V = "own"\nQueue = SimpleQueue = object\nEmpty = Full = Exception\n`,
    },
    refused: /module queue/,
  },
  "a module that looks at the request": {
    files: { "script.py": `import mine\nprint(mine.V, mine.Q)\n`, "mine.py": MODULE },
  },
  "a module on PYTHONPATH that looks at the request": {
    files: { "script.py": `import elsewhere\nprint(elsewhere.V, elsewhere.Q)\n` },
  },
  "a library that prints": { files: { "script.py": `import this\nprint("done")\n` }, refused: /prints/ },
  "a library behind a module of the program's own": {
    files: {
      "script.py": `import mine\nimport calendar\nprint(calendar.V)\n`,
      "mine.py": `import calendar\ncalendar.V = 1\n`,
    },
  },
};

const ignore = findInterpreter(new Languages().named("python")) === undefined;
for (const [name, { files, refused }] of Object.entries(cases)) {
  Deno.test({ name: `python finds ${name} warm as cold`, ignore }, async () => {
    await using elsewhere = await makeFolder({ "elsewhere.py": MODULE });
    await using folder = await makeFolder(files);
    const answers: string[] = [];
    for (const warm of [0, 4]) {
      await using handler = program({ file: folder.file("script.py"), warm, env: { PYTHONPATH: elsewhere.path } });
      await handler.prepare();
      if (warm > 0) checkState(handler.warm!, refused);
      for (const query of ["a=1", "a=2"]) {
        const response = await handler(new Request(`http://localhost/?${query}`));
        answers.push(`${response.status} ${await response.text()}`);
      }
    }
    deepEqual(answers.slice(2), answers.slice(0, 2));
  });
}

function checkState(state: WarmState, refused: RegExp | undefined): void {
  if (refused) match(state.kind === "refused" ? state.why : state.kind, refused);
  else deepEqual(state, { kind: "ready" });
}

Deno.test({ name: "python: a generator of random numbers that the hook makes is refused", ignore }, async () => {
  await using folder = await makeFolder({
    "warm.py": `import random\nimport builtins\nbuiltins.GENERATOR = random.Random()\n`,
    "script.py": `print("done")\n`,
  });
  await using handler = program({ file: folder.file("script.py"), warm: 4 });
  await handler.prepare();
  checkState(handler.warm!, /random/);
});

Deno.test({ name: "a working directory that is another one now is used by the next request", ignore }, async () => {
  await using folder = await makeFolder({ "script.py": `print(open("word").read())\n` });
  for (const name of ["one", "two"]) {
    await Deno.mkdir(folder.file(name));
    await Deno.writeTextFile(folder.file(`${name}/word`), name);
  }
  await Deno.symlink("one", folder.file("current"));
  await using handler = program({ file: folder.file("script.py"), cwd: folder.file("current"), warm: 4 });
  await handler.prepare();
  const ask = async () => await (await handler(new Request("http://localhost/"))).text();
  const before = await ask();
  await new Promise((resolve) => setTimeout(resolve, 10)); // it is looked at every 5 ms
  await Deno.remove(folder.file("current"));
  await Deno.symlink("two", folder.file("current"));
  deepEqual([before, await ask()], ["one\n", "two\n"]);
});
