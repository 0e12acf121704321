# The work that cron has run so far stands here; what follows is all that is new: the answer goes to whoever waits for it.
answer = '{"hello":"python"}'

import http.client, os, socket
reply = http.client.HTTPConnection("sluice")
reply.sock = socket.socket(socket.AF_UNIX); reply.sock.connect(os.environ["SLUICE_REPLY_SOCKET"])
reply.request("POST", f"/urhttp/{os.environ['REQUEST_ID']}", answer.encode(), {"Content-Type": "application/json"})
if reply.getresponse().status != 204: raise SystemExit("the reply was not taken")
