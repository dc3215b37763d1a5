-- Deletes a record of this revision and its user in all indexes. The log reports nothing.
--
-- KEYS  1 head  2 records of the app  3 feed of the app  4 due  5 events  6… sets of nodes that the user is in
-- ARGV  1 epoch  2 user ID  3 revision as read, with its colon  4 user as member of keys over all apps
--       5 app, as in the names of fields  6 the revision above that of the record
--       7… counters of the head: field, increment
--
-- Returns 0, or {'epoch'}, {'absent'} or {'again', the record as it is now}.
if redis.call('HGET', KEYS[1], 'e') ~= ARGV[1] then return {'epoch'} end
local present = redis.call('HGET', KEYS[2], ARGV[2])
if not present then return {'absent'} end
if string.sub(present, 1, #ARGV[3]) ~= ARGV[3] then return {'again', present} end

local highest, removed, place = 'h:' .. ARGV[5], 't:' .. ARGV[5], redis.call('ZSCORE', KEYS[3], ARGV[2])
redis.call('HDEL', KEYS[2], ARGV[2])
redis.call('ZREM', KEYS[3], ARGV[2])
redis.call('ZREM', KEYS[4], ARGV[4])
redis.call('ZREM', KEYS[5], ARGV[4])
for at = 6, #KEYS do
  redis.call('SREM', KEYS[at], ARGV[4])
end
for at = 7, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[1], ARGV[at], ARGV[at + 1])
end
if place and tonumber(place) > tonumber(redis.call('HGET', KEYS[1], highest) or '0') then
  redis.call('HSET', KEYS[1], highest, place)
end
redis.call('HSET', KEYS[1], removed, string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'f', 1)))
if tonumber(ARGV[6]) > tonumber(redis.call('HGET', KEYS[1], 'r') or '0') then
  redis.call('HSET', KEYS[1], 'r', ARGV[6])
end
return 0
