; Prints a request parameter and the method: both are environment variables.
(format t "name=~a~%method=~a~%"
        (or (sb-ext:posix-getenv "PARAM_name") "stranger")
        (sb-ext:posix-getenv "REQUEST_METHOD"))
