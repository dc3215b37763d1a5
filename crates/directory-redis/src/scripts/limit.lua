-- Counts a call of a user, if the rate allows it. A sorted set has the last calls by their time.
--
-- KEYS  1 calls of the user
-- ARGV  1 time of the call, in milliseconds of the directory's clock  2 calls that the rate allows  3 length of its window
--
-- Returns 1 if the call is allowed, and 0 if not.
local call, now, most, window = redis.call, tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
-- A call counts until its window has passed. Calls in the future are those of a former clock of the directory.
call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
call('ZREMRANGEBYSCORE', KEYS[1], string.format('(%.0f', now + window), '+inf')
if call('ZCARD', KEYS[1]) >= most then return 0 end
-- Members are numbers that no present member has.
local last = call('ZRANGE', KEYS[1], -1, -1)[1]
local number = tonumber(last or '0') + 1
while call('ZSCORE', KEYS[1], number) do number = number + 1 end
call('ZADD', KEYS[1], ARGV[1], number)
-- Longer than the window, because clocks of nodes differ a little.
call('PEXPIRE', KEYS[1], string.format('%.0f', window + 60000))
return 1
