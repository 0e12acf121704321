# The smallest service: what it prints is the response.
cat("hello from r\n")
