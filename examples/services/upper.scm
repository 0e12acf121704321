; A stream transform: each line goes out in upper case as soon as it has come in.
(use-modules (ice-9 rdelim))
(let loop ((line (read-line)))
  (unless (eof-object? line)
    (display (string-upcase line))
    (newline)
    (force-output)
    (loop (read-line))))
