/** Links over TCP. */

import { linkCases } from "./link_cases.ts";
import { connectPair } from "./pairs.ts";

linkCases("tcp", () => connectPair("tcp"));
