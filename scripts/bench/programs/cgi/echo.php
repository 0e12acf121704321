<?php // What the service of examples/services/echo.php prints; see echo.py.
if (getenv('GATEWAY_INTERFACE')) echo "Content-Type: text/plain\n\n";
$pair = explode('=', getenv('QUERY_STRING'));
echo 'name=', end($pair), "\n";
echo 'method=', getenv('REQUEST_METHOD'), "\n";
