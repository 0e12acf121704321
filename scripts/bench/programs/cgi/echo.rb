# What the service of examples/services/echo.rb prints; see echo.py.
puts "Content-Type: text/plain\n\n" if ENV["GATEWAY_INTERFACE"]
puts "name=#{ENV["QUERY_STRING"].rpartition("=").last}"
puts "method=#{ENV["REQUEST_METHOD"]}"
