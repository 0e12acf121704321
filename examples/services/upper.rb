# A stream transform: each line goes out in upper case as soon as it has come in.
STDIN.each_line do |line|
  print line.upcase
  STDOUT.flush
end
