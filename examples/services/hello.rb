# The smallest service: what it prints is the response.
puts "hello from ruby"
