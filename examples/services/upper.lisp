; A stream transform: each line goes out in upper case as soon as it has come in.
(loop for line = (read-line *standard-input* nil)
      while line
      do (write-line (string-upcase line))
         (finish-output))
