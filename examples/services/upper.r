# A stream transform: each line goes out in upper case as soon as it has come in.
input <- file("stdin", "r")
while (length(line <- readLines(input, n = 1)) > 0) {
  cat(toupper(line), "\n", sep = "")
  flush(stdout())
}
