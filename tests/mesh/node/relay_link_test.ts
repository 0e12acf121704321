/** Links that another node passes on. */

import { linkCases } from "../transport/link_cases.ts";
import { Passage } from "./relay_pair.ts";

linkCases("relayed", async () => {
  const passage = new Passage();
  return { ends: await passage.connect(), [Symbol.asyncDispose]: () => passage.quiet() };
});
