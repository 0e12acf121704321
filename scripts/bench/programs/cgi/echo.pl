# What the service of examples/services/echo.pl prints; see echo.py.
print "Content-Type: text/plain\n\n" if $ENV{GATEWAY_INTERFACE};
my ($name) = $ENV{QUERY_STRING} =~ /([^=]*)\z/;
print "name=$name\n";
print "method=$ENV{REQUEST_METHOD}\n";
