// A Fetch API handler: it takes a Request and answers with a Response.
export default (request) => {
  const name = new URL(request.url).searchParams.get("name");
  return Response.json({ method: request.method, name });
};
