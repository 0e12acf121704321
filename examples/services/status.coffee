# Sets the status and a header before the first byte of the body.
module.exports = ({res}) ->
  res.status(418).header 'X-Teapot', 'yes'
  res.end 'short and stout\n'
