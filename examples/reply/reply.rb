# The work that cron has run so far stands here; what follows is all that is new: the answer goes to whoever waits for it.
answer = '{"hello":"ruby"}'

require "net/http"; require "socket"
reply = Net::HTTP::Post.new("/urhttp/#{ENV["REQUEST_ID"]}", "Host" => "sluice", "Content-Type" => "application/json")
reply.body = answer
reply.exec(io = Net::BufferedIO.new(UNIXSocket.new(ENV["SLUICE_REPLY_SOCKET"])), "1.1", reply.path)
abort "the reply was not taken" if Net::HTTPResponse.read_new(io).code != "204"
