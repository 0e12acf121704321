-- A load for wrk: etcd's own HTTP gateway is given keys with the lease that the first argument names, each once.
local lease
local number = 0
local value = "eyJpZCI6ImlkLTEyMzQiLCJyb2xlIjoic3ZjMjM0IiwidmVyc2lvbiI6IjEuMi4xMjM0IiwiaG9zdCI6IjEyNy4wLjAuMSIs" ..
  "InBvcnQiOjIwMjM0LCJ6b25lIjoiZXUifQ==" -- as long as what is registered elsewhere

function init(args)
  lease = args[1]
end

function request()
  number = number + 1
  -- Twelve digits are nine bytes of the key, in base64.
  local body = string.format('{"key":"c2VydmljZXMv%012d","value":"%s","lease":"%s"}', number, value, lease)
  return wrk.format("POST", "/v3/kv/put", nil, body)
end
