// What the service of examples/services/echo.js prints; see echo.py.
if (Deno.env.has("GATEWAY_INTERFACE")) console.log("Content-Type: text/plain\n");
console.log(`name=${Deno.env.get("QUERY_STRING").split("=").at(-1)}`);
console.log(`method=${Deno.env.get("REQUEST_METHOD")}`);
