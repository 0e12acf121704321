# Sets the status and a header before the first byte of the body.
service status 418
service header X-Teapot yes
puts "short and stout"
