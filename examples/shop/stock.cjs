// What is in stock: a server of its own, which is told its port.
const http = require("node:http");

const stock = { tea: 12, rice: 0, salt: 7 };

http.createServer((request, response) => {
  const item = decodeURIComponent(request.url.split("/").at(-1));
  response.statusCode = Object.hasOwn(stock, item) ? 200 : 404;
  response.end(`${stock[item] ?? "unknown"}\n`);
}).listen(process.env.PORT, "127.0.0.1");
