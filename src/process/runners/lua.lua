-- Service-mode runner for Lua 5.1 to 5.4 and LuaJIT: `lua lua.lua SCRIPT [ARGS...]`. It gives the script the global
-- `service` and puts the response's head before the first byte of standard output, whoever writes it: `print`,
-- `io.write`, `io.stdout:write` or a command. Output goes out line by line, and at once with `service.res:write`.

local stdout, exit, getenv, execute, popen = io.stdout, os.exit, os.getenv, os.execute, io.popen
local files = getmetatable(stdout).__index -- the methods that all files share
local write = files.write
local null = setmetatable({}, { __tostring = function() return "null" end })
local array = {} -- metatable of what is a JSON array even when it is empty

-- JSON ---------------------------------------------------------------------------------------------------------------

local escapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function utf8(code)
  local char, floor = string.char, math.floor
  local function tail(shift) return 0x80 + floor(code / shift) % 0x40 end
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xC0 + floor(code / 0x40), tail(1)) end
  if code < 0x10000 then return char(0xE0 + floor(code / 0x1000), tail(0x40), tail(1)) end
  return char(0xF0 + floor(code / 0x40000), tail(0x1000), tail(0x40), tail(1))
end

local function decode(text)
  local value

  local function fail(at, what) error(("Invalid JSON at byte %d: expected %s"):format(at, what), 0) end
  local function skip(at) return text:find("[^ \t\r\n]", at) or #text + 1 end
  local function unit(at) -- one UTF-16 code unit of `\uXXXX`
    return tonumber(text:match("^\\u(%x%x%x%x)", at) or "", 16)
  end

  local function escape(at)
    local code = unit(at)
    if not code then return escapes[text:sub(at + 1, at + 1)] or fail(at, "an escape"), at + 2 end
    if code < 0xD800 or code > 0xDFFF then return utf8(code), at + 6 end
    local low = unit(at + 6)
    if code > 0xDBFF or not low or low < 0xDC00 or low > 0xDFFF then return utf8(0xFFFD), at + 6 end
    return utf8(0x10000 + (code - 0xD800) * 0x400 + low - 0xDC00), at + 12
  end

  local function literal(at)
    local parts = {}
    at = at + 1
    while true do
      local stop = text:find('[%z\1-\31"\\]', at) or fail(#text, "the end of a string")
      parts[#parts + 1] = text:sub(at, stop - 1)
      local char = text:sub(stop, stop)
      if char == '"' then return table.concat(parts), stop + 1 end
      if char ~= "\\" then fail(stop, "an escape") end
      parts[#parts + 1], at = escape(stop)
    end
  end

  -- What stands between two brackets, piece by piece: `piece(at)` returns where it ends.
  local function pieces(at, close, piece)
    at = skip(at + 1)
    if text:sub(at, at) == close then return at + 1 end
    while true do
      at = skip(piece(at))
      local char = text:sub(at, at)
      if char == close then return at + 1 end
      if char ~= "," then fail(at, "a comma or " .. close) end
      at = at + 1
    end
  end

  local function list(at)
    local result, item = setmetatable({}, array)
    return result, pieces(at, "]", function(from)
      item, from = value(from)
      result[#result + 1] = item == nil and null or item
      return from
    end)
  end

  local function object(at)
    local result, name = {}
    return result, pieces(at, "}", function(from)
      from = skip(from)
      if text:sub(from, from) ~= '"' then fail(from, "a name") end
      name, from = literal(from)
      from = skip(from)
      if text:sub(from, from) ~= ":" then fail(from, "a colon") end
      result[name], from = value(from + 1)
      return from
    end)
  end

  local function number(at)
    local digits = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at) or fail(at, "a value")
    if digits:find("^-?0%d") or digits:find("%.%D") or digits:find("%.$") then fail(at, "a number") end
    return tonumber(digits) or fail(at, "a number"), at + #digits
  end

  function value(at)
    at = skip(at)
    local char = text:sub(at, at)
    if char == '"' then return literal(at) end
    if char == "{" then return object(at) end
    if char == "[" then return list(at) end
    if text:find("^true", at) then return true, at + 4 end
    if text:find("^false", at) then return false, at + 5 end
    if text:find("^null", at) then return nil, at + 4 end
    return number(at)
  end

  local result, at = value(1)
  if skip(at) <= #text then fail(at, "the end") end
  return result
end

local function encode(value)
  local kind = type(value)
  if value == nil or value == null then return "null" end
  if kind == "boolean" then return tostring(value) end
  if kind == "number" then
    if value ~= value or value == math.huge or value == -math.huge then error("Cannot encode as JSON: " .. value, 0) end
    local short = (math.type and math.type(value) == "integer" and "%d" or "%.14g"):format(value)
    return tonumber(short) == value and short or ("%.17g"):format(value)
  end
  if kind == "string" then
    return '"' .. value:gsub('[%z\1-\31"\\]', function(char) return ("\\u%04x"):format(char:byte()) end) .. '"'
  end
  if kind ~= "table" then error("Cannot encode as JSON: value is a " .. kind, 0) end
  local parts = {}
  if getmetatable(value) == array or #value > 0 then
    for i = 1, #value do parts[i] = encode(value[i]) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, item in pairs(value) do parts[#parts + 1] = encode(tostring(key)) .. ":" .. encode(item) end
  table.sort(parts) -- the same bytes in every run
  return "{" .. table.concat(parts, ",") .. "}"
end

-- The response -------------------------------------------------------------------------------------------------------

local res = {}
local status, fields, trailers, sent, chunked, ended = 200, {}, {}, false, false, false

local function beforeHead(what) if sent then error(("Cannot set %s: the head has been sent"):format(what), 3) end end

local function checked(name, value)
  if type(name) ~= "string" or not name:find("^[%w!#$%%&'*+.^_`|~-]+$") then
    error(("Cannot set header: %q is not a token"):format(tostring(name)), 3)
  end
  local text = (type(value) == "string" or type(value) == "number") and tostring(value) or "\0"
  if text:find("[%z\r\n]") then error(("Cannot set header %s: the value is not a field value"):format(name), 3) end
  return { name = name, value = text }
end

local function without(list, name)
  local rest = {}
  for _, field in ipairs(list) do
    if field.name:lower() ~= tostring(name):lower() then rest[#rest + 1] = field end
  end
  return rest
end

local function has(name) return #without(fields, name) < #fields end

local function lines(list)
  local parts = {}
  for i, field in ipairs(list) do parts[i] = field.name .. ": " .. field.value .. "\r\n" end
  return table.concat(parts)
end

-- A write fails only when the client has left: nothing to tell, and nobody to tell it.
local function emit(...) if not write(stdout, ...) then exit(1) end end

local function head()
  chunked = has("Trailer")
  if not has("Content-Type") then res:header("Content-Type", "text/plain; charset=utf-8") end
  res:remove("Transfer-Encoding") -- how the body is framed up to the server is not the script's to say
  if chunked then res:header("Transfer-Encoding", "chunked") end
  sent = true
  emit("HTTP/1.1 ", ("%d"):format(status), " \r\n", lines(fields), "\r\n")
end

local function send(...)
  if ended then error("Cannot write: the response has ended", 3) end
  local parts = { ... }
  for i = 1, select("#", ...) do
    local kind = type(parts[i])
    if kind ~= "string" and kind ~= "number" then error("Cannot write: value is a " .. kind .. ", not a string", 3) end
  end
  local data = table.concat(parts)
  if not sent then head() end
  if not chunked then emit(data) elseif #data > 0 then emit(("%x\r\n"):format(#data), data, "\r\n") end
end

function res:status(code)
  beforeHead("status")
  if type(code) ~= "number" or code < 200 or code > 599 or code % 1 ~= 0 then
    error(("Cannot set status: %s is not an integer from 200 to 599"):format(tostring(code)), 2)
  end
  status = code
  return self
end

function res:append(name, value)
  beforeHead("header")
  fields[#fields + 1] = checked(name, value)
  return self
end

function res:header(name, value)
  beforeHead("header")
  local field = checked(name, value)
  fields = without(fields, name)
  fields[#fields + 1] = field
  return self
end

function res:remove(name)
  beforeHead("header")
  fields = without(fields, name)
  return self
end

function res:trailer(name, value)
  if ended then error("Cannot send a trailer: the response has ended", 2) end
  local field, declared = checked(name, value), false
  for _, header in ipairs(fields) do
    if header.name:lower() == "trailer" then
      for word in header.value:gmatch("[^%s,]+") do declared = declared or word:lower() == name:lower() end
    end
  end
  if not declared then
    beforeHead("trailer " .. name)
    self:append("Trailer", name)
  end
  trailers[#trailers + 1] = field
  return self
end

function res:write(...)
  send(...)
  stdout:flush()
  return self
end

function res:flush() return self:write("") end

function res:json(value)
  local text = encode(value)
  return self:header("Content-Type", "application/json"):finish(text)
end

function res:finish(data)
  self:write(data or "")
  if chunked then emit("0\r\n", lines(trailers), "\r\n") end
  stdout:flush()
  ended = true
  return self
end

res["end"] = res.finish -- `end` is a keyword: `res:finish()` is the way to write it

function res:error(message)
  io.stderr:write(tostring(message), "\n")
  exit(1)
end

-- At a clean exit. An unframed body ends with the process.
function res:complete()
  if chunked or #trailers > 0 then self:finish() else self:flush() end
end

-- What the script sees -----------------------------------------------------------------------------------------------

local function captureStdout()
  stdout:setvbuf("line")
  function files.write(file, ...)
    if file ~= stdout then return write(file, ...) end
    send(...)
    return file
  end
  function io.write(...) return io.output():write(...) end
  function print(...)
    local parts = { ... }
    for i = 1, select("#", ...) do parts[i] = tostring(parts[i]) end
    stdout:write(table.concat(parts, "\t"), "\n")
  end
  -- A command writes to the same standard output: the head has to be out before it starts.
  local function giveStdout()
    if ended or (res:flush() and chunked) then error("Cannot run a command: its output would break the response", 3) end
  end
  function os.execute(command)
    if command then giveStdout() end
    return execute(command)
  end
  function io.popen(command, mode)
    if mode == "w" then giveStdout() end
    return popen(command, mode)
  end
  function os.exit(code, close)
    if (code == nil or code == true or code == 0) and not ended then res:complete() end
    exit(code, close)
  end
end

-- Lua cannot take a variable out of its environment, so that the request is only hidden.
local function takeRequest()
  function os.getenv(name)
    if name ~= "SLUICE_REQUEST" and name ~= "SLUICE_REQUEST_FILE" then return getenv(name) end
  end
  local text, path = getenv("SLUICE_REQUEST"), getenv("SLUICE_REQUEST_FILE")
  if not text and not path then
    error("Cannot read the request: neither SLUICE_REQUEST nor SLUICE_REQUEST_FILE is set", 0)
  end
  if not text then
    local file = assert(io.open(path, "rb"))
    text = file:read("*a")
    file:close()
  end
  return decode(text)
end

local function makeService(request)
  local req = {}
  for key, value in pairs(request) do req[key] = value end
  function req:read(...) return io.stdin:read(...) end
  function req:lines(...) return io.stdin:lines(...) end
  return {
    params = request.params,
    env = setmetatable({}, { __index = function(_, name) return os.getenv(name) end }),
    req = req, request = req, res = res, response = res,
    null = null,
    array = function(items) return setmetatable(items, array) end,
    json = { decode = decode, encode = encode },
  }
end

local function run(script, ...)
  service = makeService(takeRequest())
  hook, Hook = service, service
  captureStdout()
  local chunk, problem = loadfile(script)
  if not chunk then error(problem, 0) end
  chunk(...)
  if not ended then res:complete() end
end

local function traceback(problem)
  local described = type(problem) ~= "table" or (getmetatable(problem) or {}).__tostring
  return debug.traceback(described and tostring(problem) or "(error object is a table)", 2)
end

local arguments = { ... }
local given = { [-1] = arg[-1], [0] = arguments[1] }
for i = 2, #arguments do given[i - 1] = arguments[i] end
arg = given

local ok, problem = xpcall(function() run(given[0], (table.unpack or unpack)(given)) end, traceback)
if not ok then
  io.stderr:write("lua: ", problem, "\n")
  exit(1)
end
