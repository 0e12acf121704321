// Sets the status and a header by answering with a Response.
export default {
  fetch: () => new Response("short and stout\n", { status: 418, headers: { "X-Teapot": "yes" } }),
};
