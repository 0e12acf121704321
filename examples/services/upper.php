<?php // A stream transform: each line goes out in upper case as soon as it has come in.
while (($line = fgets(STDIN)) !== false) {
    echo strtoupper($line);
    flush();
}
