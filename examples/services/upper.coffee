# A stream transform: each piece of the body goes out in upper case as soon as it has come in.
module.exports = ({req, res}) ->
  req.setEncoding 'utf8'
  req.on 'data', (text) -> res.write text.toUpperCase()
  req.on 'end', -> res.end()
