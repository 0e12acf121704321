-- The smallest service: what it prints is the response.
print("hello from lua")
