# Prints a request parameter and the method, from the service object.
print 'name=', $service->{params}{name} // 'stranger', "\n";
print "method=$service->{req}{method}\n";
