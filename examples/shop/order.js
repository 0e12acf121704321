// Takes an order, and adds it to the stream of orders before it says so.
const { item, count } = service.params;

if (typeof item !== "string" || !Number.isInteger(count) || count < 1) {
  service.res.status(422).end("an order has an item and a count\n");
} else {
  const stream = service.env.ORDERS;
  const body = JSON.stringify({ item, count, at: new Date().toISOString() });
  const headers = { "content-type": "application/json" };
  await fetch(stream, { method: "PUT", headers }); // it is there from the second order on
  const { ok, status } = await fetch(stream, { method: "POST", headers, body });
  if (ok) service.res.status(201).end(`ordered ${count} ${item}\n`);
  else service.res.status(502).end(`the order could not be kept: ${status}\n`);
}
