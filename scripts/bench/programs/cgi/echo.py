# What the service of examples/services/echo.py prints, for servers that start a program themselves. All its kind get
# the parameter from the end of the query, because webhook passes the value alone; it wants no CGI head either.
import os

if "GATEWAY_INTERFACE" in os.environ:
    print("Content-Type: text/plain\n")
print("name=" + os.environ["QUERY_STRING"].rpartition("=")[2])
print("method=" + os.environ["REQUEST_METHOD"])
