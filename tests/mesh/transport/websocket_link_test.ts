/** Links over WebSockets. */

import { linkCases } from "./link_cases.ts";
import { connectPair } from "./pairs.ts";

linkCases("websocket", () => connectPair("ws"));
