// A middleware before a program: it asks for a token, and the program never starts without one.
// deno serve -A examples/library/middleware.ts
import { type Handler, program } from "@sluice/sluice";

function withToken(token: string, next: Handler): Handler {
  return (request, info) =>
    request.headers.get("authorization") === `Bearer ${token}`
      ? next(request, info)
      : new Response("A token is needed\n", { status: 401, headers: { "www-authenticate": "Bearer" } });
}

const date = program({ command: ["date", "-u"] });

export default { fetch: withToken("sesame", date) } satisfies Deno.ServeDefaultExport;
