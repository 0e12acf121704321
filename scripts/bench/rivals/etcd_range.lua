-- A load for wrk: etcd's own HTTP gateway is asked for the keys with a prefix, which it takes in base64, as from what is
-- in memory, without asking the cluster.
local from = "c2VydmljZXMvc3ZjN0AxLg==" -- services/svc7@1.
local to = "c2VydmljZXMvc3ZjN0AxLw==" -- services/svc7@1/
wrk.method = "POST"
wrk.path = "/v3/kv/range"
wrk.body = '{"key":"' .. from .. '","range_end":"' .. to .. '","serializable":true}'
