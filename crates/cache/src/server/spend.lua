-- KEYS[1]; ARGV: now, step (microseconds), burst, ask. The value is the moment at which the budget is full again; all numbers stay
-- below 2^53, where they are exact. Answers how much was granted, -2 when the value is not ours.
local now, step, burst, ask = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local full, held = now, redis.call('GET', KEYS[1])
if held then
  local ends = string.match(held, '^(%d+):$')
  if not ends then return -2 end
  full = math.max(now, tonumber(ends))
end
local free = math.max(0, math.floor((now + burst * step - full) / step))
local granted = math.min(ask, free)
if granted > 0 then
  full = full + granted * step
  redis.call('SET', KEYS[1], string.format('%.0f:', full), 'PX', string.format('%.0f', math.max(1, math.ceil((full - now) / 1000))))
end
return granted
