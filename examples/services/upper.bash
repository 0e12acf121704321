# A stream transform: each line goes out in upper case as soon as it has come in.
while IFS= read -r line; do
  printf '%s\n' "${line^^}"
done
