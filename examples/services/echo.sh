# Prints a request parameter and the method: both are environment variables.
printf 'name=%s\nmethod=%s\n' "${PARAM_name-stranger}" "$REQUEST_METHOD"
