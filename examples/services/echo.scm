; Prints a request parameter and the method: both are environment variables.
(format #t "name=~a~%method=~a~%" (or (getenv "PARAM_name") "stranger") (getenv "REQUEST_METHOD"))
