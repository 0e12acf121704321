// A stream transform: each piece of the body goes out in upper case as soon as it has come in.
const upper = new TransformStream<string, string>({
  transform: (text, controller) => controller.enqueue(text.toUpperCase()),
});

export default (request: Request): Response =>
  new Response(
    request.body!
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(upper)
      .pipeThrough(new TextEncoderStream()),
    { headers: { "content-type": "text/plain; charset=utf-8" } },
  );
