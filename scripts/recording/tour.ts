/** What the recording shows. */

/** Terminals beside each other; the first has the servers. */
export type TerminalName = "one" | "two" | "three";

/** A line that is typed. */
export interface Typed {
  readonly terminal: TerminalName;
  readonly line: string;
  /** What has to be seen before the tour goes on. */
  readonly shows: RegExp;
  /** The terminal that it is seen in. Default: the same. */
  readonly where?: TerminalName;
  /** It runs on, until the end of the step. */
  readonly lasts?: boolean;
}

/** A step of the tour. */
export interface Step {
  readonly title: string;
  /** What is to be seen. */
  readonly text: string;
  readonly typed: readonly Typed[];
}

/** Files in the home of whoever takes the tour. */
export const files: Readonly<Record<string, string>> = {
  "hello.sh": 'echo "hello ${PARAM_name:-world}"\n',
  "sluice.toml": `listen = ["127.0.0.1:8080"]

[[routes]]
path = "/hello"
run = "hello.sh"
timout = "2s"
`,
};

/** The steps. */
export const tour: readonly Step[] = [
  {
    title: "Serve a script",
    text: "What it prints is the answer. Each request is a line in the terminal of the server.",
    typed: [
      { terminal: "one", line: "cat hello.sh", shows: /PARAM_name/ },
      { terminal: "one", line: "sluice serve hello.sh", shows: /listening on/, lasts: true },
      { terminal: "two", line: "curl 'http://127.0.0.1:3000/?name=Ada'", shows: /hello Ada/ },
      { terminal: "two", line: "curl http://127.0.0.1:3000/", shows: /hello world/ },
    ],
  },
  {
    title: "A mistake",
    text: "One line says what is wrong, and what to do.",
    typed: [
      { terminal: "one", line: "sluice serve --prot 3001 hello.sh", shows: /--port/ },
      { terminal: "one", line: "sluice serve helo.py", shows: /no such/ },
      { terminal: "one", line: "sluice tial http://localhost:3060 counts", shows: /tail/ },
    ],
  },
  {
    title: "What this machine allows",
    text: "Each line has a verdict; what is not right has something to do.",
    typed: [{ terminal: "one", line: "sluice doctor", shows: /^clock/m }],
  },
  {
    title: "A file of routes",
    text: "The mistake has its line. With `--json` it is for editors.",
    typed: [
      { terminal: "one", line: "sluice gateway -c sluice.toml --check", shows: /timout/ },
      { terminal: "one", line: "sed -i s/timout/timeout/ sluice.toml", shows: /sed/ },
      { terminal: "one", line: "sluice gateway -c sluice.toml --check", shows: /is right/ },
      { terminal: "one", line: "sluice gateway -c sluice.toml", shows: /listening on/, lasts: true },
      { terminal: "two", line: "curl 'http://127.0.0.1:8080/hello?name=Ada'", shows: /hello Ada/ },
    ],
  },
  {
    title: "Streams",
    text: "One writes, and others read while it comes, or later.",
    typed: [
      { terminal: "one", line: "sluice loom --log none", shows: /listening on/, lasts: true },
      { terminal: "two", line: "seq 3 | sluice stream http://127.0.0.1:3060 counts", shows: /B\/s/ },
      { terminal: "two", line: "sluice tail http://127.0.0.1:3060 counts", shows: /^3$/m },
    ],
  },
  {
    title: "Services by name",
    text: "A service is in the registry exactly as long as it runs.",
    typed: [
      { terminal: "one", line: "sluice registry listen 4300", shows: /listening on/, lasts: true },
      {
        terminal: "two",
        line: "sluice registry register 127.0.0.1:4300 web@1.2.0 --id web-1 --range 4301-4301 -- sleep 100",
        shows: /register web@1\.2\.0/,
        where: "one",
        lasts: true,
      },
      { terminal: "three", line: "sluice registry query 127.0.0.1:4300 web@1.x", shows: /\[\n/ },
      { terminal: "three", line: "sluice registry watch 127.0.0.1:4300", shows: /REGISTER/, lasts: true },
    ],
  },
  {
    title: "Programs in a mesh",
    text: "Any machine offers a program, and any other calls it by name.",
    typed: [
      {
        terminal: "one",
        line: "sluice node --listen 9000 shout@1.0.0='tr a-z A-Z'",
        shows: /offers shout/,
        lasts: true,
      },
      { terminal: "two", line: "echo hello | sluice call --join 127.0.0.1:9000 shout", shows: /HELLO/ },
    ],
  },
];
