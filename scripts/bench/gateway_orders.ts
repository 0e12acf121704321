/** An OpenAPI document, and a request of 2 KB that it describes. */

/** The document. */
export const DOCUMENT = `
openapi: 3.1.0
info: { title: Orders, version: "1" }
paths:
  /orders/{id}:
    post:
      operationId: order
      parameters:
        - { name: id, in: path, required: true, schema: { type: integer, minimum: 1 } }
        - { name: fields, in: query, schema: { type: array, items: { type: string, pattern: "^[a-z]+$" } } }
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } }
      responses: { "200": { description: Done } }
components:
  schemas:
    Order:
      type: object
      additionalProperties: false
      required: [id, customer, lines]
      properties:
        id: { type: string, format: uuid }
        at: { type: string, format: date-time }
        customer: { type: object, required: [email], properties: { email: { type: string, format: email } } }
        lines: { type: array, minItems: 1, items: { $ref: "#/components/schemas/Line" } }
    Line:
      type: object
      required: [sku, count]
      properties:
        sku: { type: string, pattern: "^[A-Z]{3}-[0-9]+$" }
        count: { type: integer, minimum: 1 }
        price: { type: number, minimum: 0 }
        state: { enum: [new, paid, sent] }
        note: { type: [string, "null"], maxLength: 200 }
`;

/** Path and query of the request. */
export const PATH = "/orders/42?fields=name&fields=price";

/** Its body. */
export const BODY = JSON.stringify({
  id: "123e4567-e89b-12d3-a456-426614174000",
  at: "2026-01-31T12:00:00Z",
  customer: { email: "ada@example.com" },
  lines: Array.from({ length: 20 }, (_, index) => ({
    sku: `ABC-${index}`,
    count: index + 1,
    price: 9.99,
    state: "paid",
    note: index % 2 ? null : "as a gift, please, in blue paper",
  })),
});
