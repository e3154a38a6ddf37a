-- KEYS[1]; ARGV: now, the end of a new counter (microseconds), its time to live (milliseconds).
-- Answers the count, -1 when the value is no counter, -2 when it is not ours.
local held = redis.call('GET', KEYS[1])
if held then
  local ends, count = string.match(held, '^(%d+):(.*)$')
  if not ends then return -2 end
  if tonumber(ends) > tonumber(ARGV[1]) then
    if #count > 15 or not string.match(count, '^%d+$') then return -1 end
    local more = tonumber(count) + 1
    redis.call('SET', KEYS[1], ends .. ':' .. string.format('%.0f', more), 'KEEPTTL')
    return more
  end
end
redis.call('SET', KEYS[1], ARGV[2] .. ':1', 'PX', ARGV[3])
return 1
