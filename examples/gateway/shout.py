# A filter that knows nothing of HTTP.
import sys

for line in sys.stdin:
    sys.stdout.write(line.upper())
