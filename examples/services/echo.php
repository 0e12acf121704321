<?php // Prints a request parameter and the method, from the service object.
$name = $service->params['name'] ?? 'stranger';
echo "name=$name\n";
echo "method={$service->req->method}\n";
