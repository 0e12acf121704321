# A stream transform: each line goes out in upper case as soon as it has come in.
while {[gets stdin line] >= 0} {
    puts [string toupper $line]
    flush stdout
}
