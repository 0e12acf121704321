// A stream transform: each piece of the body goes out in upper case as soon as it has come in.
export default {
  async fetch(request, { res }) {
    const decoder = new TextDecoder();
    for await (const bytes of request.body) res.write(decoder.decode(bytes, { stream: true }).toUpperCase());
    res.end();
  },
};
