<?php // What the service of examples/services/echo.php prints, for PHP's own way to serve.
header('Content-Type: text/plain');
$name = $_GET['name'] ?? 'stranger';
echo "name=$name\n";
echo "method={$_SERVER['REQUEST_METHOD']}\n";
