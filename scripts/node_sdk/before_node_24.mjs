/** What our code uses of the language and the web that Node.js has only in later versions than 20. */

Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((take, refuse) => [resolve, reject] = [take, refuse]);
  return { promise, resolve, reject };
};

URL.parse ??= (url, base) => URL.canParse(url, base) ? new URL(url, base) : null;

ArrayBuffer.prototype.transfer ??= function (length = this.byteLength) {
  const moved = structuredClone(this, { transfer: [this] });
  return length === moved.byteLength ? moved : moved.slice(0, length);
};

for (const { prototype } of [Request, Response]) {
  prototype.bytes ??= async function () {
    return new Uint8Array(await this.arrayBuffer());
  };
}
