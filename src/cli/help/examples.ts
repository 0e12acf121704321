/** Examples of each command, and what else its help has to say: for `--help`, manual pages and docs/cli.md. */

/** Something to do, and the lines that do it. */
export interface Example {
  readonly does: string;
  readonly lines: readonly string[];
}

/** What stands behind the options. */
export interface HelpText {
  readonly note?: string;
  readonly examples: readonly Example[];
}

/** By all words of the command. */
export const helpTexts: Readonly<Record<string, HelpText>> = {
  "sluice": {
    note: "sluice COMMAND --help tells more of each, sluice manual COMMAND all.",
    examples: [
      example("serve a script at http://127.0.0.1:3000", "sluice hello.py"),
      example("see which languages can be served here", "sluice languages"),
    ],
  },
  "sluice serve": {
    examples: [
      example("a script, on a port of your choice", "sluice serve -p 8080 hello.py"),
      example("a command, with its own options behind it", "sluice serve tr a-z A-Z"),
      example("several programs, each at its path", "sluice serve /hello=hello.py /shout='tr a-z A-Z'"),
      example("once, without a server", "echo hello | sluice serve --once shout.rb"),
    ],
  },
  "sluice languages": {
    examples: [
      example("what can be run here, and what to install", "sluice languages"),
      example("the same for programs", "sluice languages --json"),
    ],
  },
  "sluice gateway": {
    examples: [
      example("serve a file of routes, and follow its changes", "sluice gateway -c sluice.toml --watch"),
      example("say what is wrong with it", "sluice gateway -c sluice.toml --check"),
      example("begin with an OpenAPI document", "sluice gateway --init openapi.yaml"),
    ],
  },
  "sluice loom": {
    examples: [
      example("streams in a folder of your choice", "sluice loom --data ./streams"),
      example("for those who know a token", "SLUICE_TOKENS=secret sluice loom -H 0.0.0.0"),
      example("keep a week, and 10 GB in all", "sluice loom --max-age 7d --quota 10g"),
    ],
  },
  "sluice stream": {
    examples: [
      example(
        "watch a build from anywhere, live",
        "make 2>&1 | sluice stream http://localhost:3060 builds/42",
      ),
    ],
  },
  "sluice tail": {
    examples: [
      example("from the beginning, to the end of the stream", "sluice tail http://localhost:3060 builds/42"),
      example("only what is there", "sluice tail --no-follow http://localhost:3060 builds/42"),
    ],
  },
  "sluice spy": {
    examples: [example("all streams of a server", "sluice spy http://localhost:3060")],
  },
  "sluice registry": {
    examples: [
      example("a hub", "sluice registry listen 9090"),
      example("a service of it", "sluice registry register localhost:9090 web@1.2.3 -- node web.js"),
      example("who else is there", "sluice registry show localhost:9090"),
    ],
  },
  "sluice registry listen": {
    examples: [
      example("a hub for this machine", "sluice registry listen 9090"),
      example(
        "one for a network, where holders of keys may register",
        "sluice registry listen -H 0.0.0.0 9090 web.pub",
      ),
      example("two that know each other's services", "sluice registry listen 9091 --peer localhost:9090"),
    ],
  },
  "sluice registry show": {
    examples: [example("all services", "sluice registry show localhost:9090")],
  },
  "sluice registry query": {
    examples: [
      example("services of a role, in some versions", "sluice registry query localhost:9090 web@1.x"),
      example("only their ports", "sluice registry query localhost:9090 web port"),
    ],
  },
  "sluice registry watch": {
    examples: [
      example("services as they come and go", "sluice registry watch localhost:9090"),
      example("the same for programs", "sluice registry watch --json localhost:9090 web@1.x"),
    ],
  },
  "sluice registry register": {
    note: "The command gets the port as its last argument and as PORT, and is started\nagain when it ends.",
    examples: [
      example("run a service", "sluice registry register localhost:9090 web@1.2.3 -- node web.js"),
      example(
        "one that runs already, looked at every 10 seconds",
        "sluice registry register --port 5432 --check tcp --check-every 10s \\",
        "  localhost:9090 db@15.0.0",
      ),
    ],
  },
  "sluice keys": {
    examples: [example("a key, and what others have to know of it", "sluice keys new web.key > web.pub")],
  },
  "sluice keys new": {
    examples: [example("a key pair in two files", "sluice keys new web.key > web.pub")],
  },
  "sluice keys show": {
    examples: [example("the public key of a private one", "sluice keys show web.key")],
  },
  "sluice keys network": {
    examples: [example("a key for all nodes of a mesh", "sluice keys network mesh.key")],
  },
  "sluice node": {
    examples: [
      example("offer a command, and let others join", "sluice node --listen 9000 shout@1.0.0='tr a-z A-Z'"),
      example("join, and offer a server that runs", "sluice node --join 127.0.0.1:9000 shop=http://localhost:3000"),
    ],
  },
  "sluice call": {
    examples: [
      example("ask a service", "echo hello | sluice call --join 127.0.0.1:9000 shout@^1"),
      example(
        "more of a request",
        "sluice call --join 127.0.0.1:9000 -X PUT --path /items/7 shop < item.json",
      ),
    ],
  },
  "sluice doctor": {
    examples: [example("what this host allows, and what to do about the rest", "sluice doctor")],
  },
  "sluice up": {
    examples: [example("all that one file describes", "sluice up -c sluice.toml")],
  },
  "sluice init": {
    examples: [example("begin a project", "sluice init")],
  },
  "sluice completions": {
    note: "To install for yourself, in folders that you may have to make first:\n" +
      "  bash, with the package bash-completion:\n" +
      "    sluice completions bash > ~/.local/share/bash-completion/completions/sluice\n" +
      "  zsh, with fpath=(~/.zsh $fpath) in .zshrc before compinit:\n" +
      "    sluice completions zsh > ~/.zsh/_sluice\n" +
      "  fish:\n" +
      "    sluice completions fish > ~/.config/fish/completions/sluice.fish",
    examples: [
      example("in this shell only, where it is bash", "source <(sluice completions bash)"),
      example("in this shell only, where it is fish", "sluice completions fish | source"),
    ],
  },
  "sluice manual": {
    examples: [
      example("read a page", "sluice manual registry listen | man -l -"),
      example("install all pages for yourself", "sluice manual --dir ~/.local/share/man/man1"),
    ],
  },
  "sluice help": {
    examples: [example("the same as sluice serve --help", "sluice help serve")],
  },
};

function example(does: string, ...lines: readonly string[]): Example {
  return { does, lines };
}
