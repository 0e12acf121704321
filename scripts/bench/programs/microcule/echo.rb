puts "name=#{Hook['params']['name']}"
puts "method=#{Hook['input']['method']}"
