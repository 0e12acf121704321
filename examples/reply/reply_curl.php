<?php
// The same with PHP's curl extension, where it is installed.
$answer = '{"hello":"php with curl"}';

$reply = curl_init('http://sluice/urhttp/' . getenv('REQUEST_ID'));
curl_setopt($reply, CURLOPT_UNIX_SOCKET_PATH, getenv('SLUICE_REPLY_SOCKET'));
curl_setopt($reply, CURLOPT_POSTFIELDS, $answer);
curl_setopt($reply, CURLOPT_HTTPHEADER, ['Content-Type: application/json']);
curl_exec($reply);
