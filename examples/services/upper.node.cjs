// A stream transform: each piece of the body goes out in upper case as soon as it has come in.
module.exports = async function ({ req, res }) {
  req.setEncoding("utf8");
  for await (const text of req) res.write(text.toUpperCase());
  res.end();
};
