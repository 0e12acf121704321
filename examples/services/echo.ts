// Prints a request parameter and the method, from the service object.
declare const service: { params: { name?: string }; req: { method: string } };

console.log(`name=${service.params.name ?? "stranger"}`);
console.log(`method=${service.req.method}`);
