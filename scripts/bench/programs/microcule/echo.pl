print "name=$Hook_params_name\n";
print "method=$Hook_input_method\n";
