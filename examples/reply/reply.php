<?php
// The work that cron has run so far stands here; what follows is all that is new: the answer goes to whoever waits for it.
$answer = '{"hello":"php"}';

$reply = stream_socket_client('unix://' . getenv('SLUICE_REPLY_SOCKET'));
fwrite($reply, 'POST /urhttp/' . getenv('REQUEST_ID') . " HTTP/1.1\r\nHost: sluice\r\nConnection: close\r\n" .
    "Content-Type: application/json\r\nContent-Length: " . strlen($answer) . "\r\n\r\n$answer");
if (strpos(stream_get_contents($reply), 'HTTP/1.1 204') !== 0) exit(1);
fclose($reply);
