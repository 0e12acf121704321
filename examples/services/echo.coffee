# Prints a request parameter and the method, from the service object.
console.log "name=#{service.params.name ? 'stranger'}"
console.log "method=#{service.req.method}"
