; Prints a request parameter and the method: both are environment variables.
(setq *print-pretty* nil)
(format t "name=~a~%method=~a~%"
        (or (ext:getenv "PARAM_name") "stranger")
        (ext:getenv "REQUEST_METHOD"))
