# Prints a request parameter and the method: both are environment variables.
BEGIN {
  print "name=" ("PARAM_name" in ENVIRON ? ENVIRON["PARAM_name"] : "stranger")
  print "method=" ENVIRON["REQUEST_METHOD"]
}
