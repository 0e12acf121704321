-- Prints a request parameter and the method, from the service object.
print("name=" .. (service.params.name or "stranger"))
print("method=" .. service.req.method)
