-- KEYS: whose value is the condition, what is set. ARGV: now (microseconds), '1' when a value is expected or '0' when none, the expected
-- value, the new one as it is stored, its time to live (milliseconds). Answers 1 when it was set, -2 when the value is not ours.
local held, value = redis.call('GET', KEYS[1]), false
if held then
  local ends, payload = string.match(held, '^(%d+):(.*)$')
  if not ends then return -2 end
  if tonumber(ends) > tonumber(ARGV[1]) then value = payload end
end
local expected = ARGV[2] == '1' and ARGV[3]
if value ~= expected then return 0 end
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
return 1
