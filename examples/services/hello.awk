# The smallest service: what it prints is the response.
BEGIN { print "hello from awk" }
