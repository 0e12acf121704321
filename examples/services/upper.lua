-- A stream transform: each line goes out in upper case as soon as it has come in.
for line in io.lines() do
  print(line:upper())
  io.stdout:flush()
end
