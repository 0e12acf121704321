<?php // Sets the status and a header before the first byte of the body.
$service->res->status(418);
$service->res->header('X-Teapot', 'yes');
echo "short and stout\n";
