// Programs as routes of a Hono application: deno serve -A examples/library/hono.ts
import { Hono } from "hono";
import { program } from "@sluice/sluice";

const upper = program({ command: ["tr", "a-z", "A-Z"] });
const greet = program({ language: "bash", code: 'echo "hello $PARAM_name"' });

const app = new Hono();
app.post("/upper", (c) => upper(c.req.raw));
app.get("/greet/:name", (c) => greet(c.req.raw, { params: c.req.param() }));

export default app;
