# A stream transform: each line goes out in upper case as soon as it has come in.
{ print toupper($0); fflush() }
