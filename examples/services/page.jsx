// A page in JSX, with the function that makes elements beside it instead of a framework.
/** @jsx element */

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

// Text that is markup already, and must not be escaped once more.
class Html {
  constructor(text) {
    this.text = text;
  }
}

function element(tag, attributes, ...children) {
  const attrs = Object.entries(attributes ?? {}).map(([name, value]) => ` ${name}="${escape(String(value))}"`);
  const inner = children.flat().map((child) => child instanceof Html ? child.text : escape(String(child)));
  return new Html(`<${tag}${attrs.join("")}>${inner.join("")}</${tag}>`);
}

export default (_request, service) => {
  const page = <h1 class="greeting">Hello {service.params.name ?? "stranger"}</h1>;
  return new Response(page.text, { headers: { "content-type": "text/html; charset=utf-8" } });
};
