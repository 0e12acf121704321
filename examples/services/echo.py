# Prints a request parameter and the method, from the service object.
print(f"name={service.params.get('name', 'stranger')}")
print(f"method={service.req.method}")
