# Prints a request parameter and the method, from the service object.
puts "name=#{service.params.fetch('name', 'stranger')}"
puts "method=#{service.req.method}"
