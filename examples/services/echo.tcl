# Prints a request parameter and the method, from the service command.
puts "name=[service params name stranger]"
puts "method=[service req method]"
