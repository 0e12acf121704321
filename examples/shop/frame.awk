# Draws a frame around what comes.
BEGIN { print "+----------------------+" }
{ printf "| %-20s |\n", $0 }
END { print "+----------------------+" }
