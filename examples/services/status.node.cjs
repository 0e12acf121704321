// Sets the status and a header before the first byte of the body.
module.exports = ({ res }) => {
  res.statusCode = 418;
  res.setHeader("X-Teapot", "yes");
  res.end("short and stout\n");
};
