; The smallest service: what it prints is the response.
(write-line "hello from lisp")
