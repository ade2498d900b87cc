-- Requests for wrk: the look-ups of a file, one a line, in turn. With UNIQUE=1 every request is one that was
-- never made before: its LIMIT differs, its answer does not. The figures leave as one line of JSON.
local targets, unique = {}, os.getenv("UNIQUE") == "1"
for line in io.lines(os.getenv("TARGETS")) do targets[#targets + 1] = line end
local at, serial = 0, tonumber(os.getenv("SERIAL"))

function request()
  at = at % #targets + 1
  serial = serial + 1
  local path = targets[at]
  if unique then path = path:gsub("LIMIT%%201000000", "LIMIT%%20" .. serial) end
  return wrk.format("GET", path, { Accept = "application/sparql-results+json" })
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "bytes": %d, "p50_ms": %.4f, "p99_ms": %.4f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
end
