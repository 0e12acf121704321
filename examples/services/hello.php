<?php // The smallest service: what it prints is the response.
echo "hello from php\n";
