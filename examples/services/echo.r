# Prints a request parameter and the method: both are environment variables.
cat("name=", Sys.getenv("PARAM_name", "stranger"), "\n", sep = "")
cat("method=", Sys.getenv("REQUEST_METHOD"), "\n", sep = "")
