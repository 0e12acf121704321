/** Bounds on waiting: a test whose event never comes fails and says which, instead of hanging. */

const WAIT_MS = 20_000;
const POLL_MS = 20;

/** The promise's outcome, or an error that names what did not happen in time. */
export async function within<T>(what: string | (() => string), promise: Promise<T>, ms = WAIT_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    const say = () => typeof what === "string" ? what : what();
    timer = setTimeout(() => reject(new Error(`Not within ${ms} ms: ${say()}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer!);
  }
}

/** Asks again until the answer is yes: for states of the system that nobody announces. */
export async function until(what: string, test: () => boolean | Promise<boolean>, ms = WAIT_MS): Promise<void> {
  const deadline = performance.now() + ms;
  while (!await test()) {
    if (performance.now() > deadline) throw new Error(`Not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
