; The smallest service: what it prints is the response.
(display "hello from scheme\n")
