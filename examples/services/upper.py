# A stream transform: each line goes out in upper case as soon as it has come in.
import sys

for line in sys.stdin:
    print(line.upper(), end="", flush=True)
