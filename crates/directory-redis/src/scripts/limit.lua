-- Counts a call, if the rate allows it. A list has the times of the last calls.
--
-- KEYS  1 calls that are counted together
-- ARGV  1 time of the call, in milliseconds of the directory's clock  2 calls that the rate allows  3 length of its window
--
-- Returns '' if the call is allowed, or else the time before which further calls are refused.
local call, now, most, window = redis.call, tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if most < 1 then return string.format('%.0f', now + window) end
-- If the window has as many calls as are allowed, this is the first of them.
local first = tonumber(call('LINDEX', KEYS[1], -most) or '-1')
if first > now + window then
  -- Calls in the future are those of a former clock of the directory.
  call('DEL', KEYS[1])
elseif first >= 0 and first + window > now then
  return string.format('%.0f', first + window)
end
if call('RPUSH', KEYS[1], ARGV[1]) >= 2 * most then call('LTRIM', KEYS[1], -most, -1) end
-- Longer than the window, because clocks of nodes differ a little.
call('PEXPIRE', KEYS[1], string.format('%.0f', window + 60000))
return ''
