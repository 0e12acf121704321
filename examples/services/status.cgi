#!/bin/sh
# A CGI program: it writes the status and the headers itself, then an empty line, then the body.
printf 'Status: 418\nX-Teapot: yes\nContent-Type: text/plain; charset=utf-8\n\n'
echo 'short and stout'
