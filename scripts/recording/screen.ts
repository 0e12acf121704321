/** Terminals of a fixed size in a tmux server of our own: typed into, waited for, and captured as text. */

export const COLUMNS = 100;
export const ROWS = 30;
/** How long a command may take until it has said what is waited for. */
const WAIT_MS = 60_000;
const POLL_MS = 50;
const PROMPT = "$";

/** What the shells see. */
export interface ScreenOptions {
  /** Their home, and where they begin. */
  readonly home: string;
  /** Their `PATH`. */
  readonly path: string;
}

/** Terminals with a shell each. Disposing it ends them all. */
export class Screen implements AsyncDisposable {
  readonly #socket = `sluice-recording-${Deno.pid}`;
  readonly #options: ScreenOptions;
  readonly #names = new Set<string>();

  /** Starts none yet. */
  constructor(options: ScreenOptions) {
    this.#options = options;
  }

  /** Types a line, and Enter. */
  async type(name: string, line: string): Promise<void> {
    await this.#open(name);
    await this.#tmux("send-keys", "-t", name, "-l", line);
    await this.#tmux("send-keys", "-t", name, "Enter");
  }

  /** Waits until a terminal shows something. */
  async shows(name: string, pattern: RegExp): Promise<void> {
    await this.#until(name, `${pattern}`, (text) => pattern.test(text));
  }

  /** Waits until a command has ended. */
  async ended(name: string): Promise<void> {
    await this.#until(name, "the prompt", isReady);
  }

  /** Presses Ctrl-C, where something runs, and waits for the prompt. */
  async stop(name: string): Promise<void> {
    if (!isReady(await this.text(name))) await this.#tmux("send-keys", "-t", name, "C-c");
    await this.ended(name);
  }

  /** Empties a terminal at its prompt, if it is there already. */
  async clear(name: string): Promise<void> {
    if (!this.#names.has(name)) return;
    await this.type(name, "clear");
    await this.#until(name, "an empty screen", async () => (await this.#seen(name)) === PROMPT);
    await this.#tmux("clear-history", "-t", name);
  }

  /** What a terminal shows now, and what has left it at the top; a line that was wrapped is one. */
  text(name: string): Promise<string> {
    return this.#seen(name, "-S", "-");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#names.size === 0) return;
    for (const name of this.#names) await this.stop(name).catch(() => {/* its shell is ended below */});
    await this.#tmux("kill-server");
  }

  async #seen(name: string, ...options: string[]): Promise<string> {
    const text = await this.#tmux("capture-pane", "-p", "-J", ...options, "-t", name);
    return text.replace(/[ \t]+$/gm, "").trimEnd();
  }

  async #open(name: string): Promise<void> {
    if (this.#names.has(name)) return;
    const { home, path } = this.#options;
    const env = {
      HOME: home,
      PATH: path,
      PS1: `${PROMPT} `,
      HISTFILE: "/dev/null",
      LANG: "C.UTF-8",
      TERM: "tmux-256color",
    };
    const shell = ["env", "-i", ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
    const size = ["-x", String(COLUMNS), "-y", String(ROWS)];
    await this.#tmux("new-session", "-d", "-s", name, ...size, "-c", home, ...shell, "bash", "--norc", "--noprofile");
    this.#names.add(name);
    await this.ended(name);
  }

  async #until(name: string, what: string, test: (text: string) => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + WAIT_MS;
    for (;;) {
      const text = await this.text(name);
      if (await test(text)) return;
      if (performance.now() > deadline) throw new Error(`Terminal ${name} does not show ${what}:\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #tmux(...args: string[]): Promise<string> {
    const words = ["-L", this.#socket, "-f", "/dev/null", ...args];
    const { success, stdout, stderr } = await new Deno.Command("tmux", { args: words, stdin: "null" }).output();
    const decoder = new TextDecoder();
    if (!success) throw new Error(`tmux ${args[0]}: ${decoder.decode(stderr).trim()}`);
    return decoder.decode(stdout);
  }
}

/** Whether the last line is a prompt alone, or what Ctrl-C leaves before it. */
function isReady(text: string): boolean {
  return [PROMPT, `^C${PROMPT}`].includes(text.split("\n").at(-1)!.trim());
}
