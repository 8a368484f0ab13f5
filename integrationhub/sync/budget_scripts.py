"""The budget's scripts. Each runs in Redis as one step, so that all processes see one truth.

Everything of one key is in one hash, which is there as a whole or not at all:

    seeded            the windows are known to be complete
    closed|<bucket>   milliseconds: no call of this bucket before; bucket * stands for all
    urgent|<bucket>   milliseconds: until then urgent work that waits for this bucket goes before all other
    line              urgent work that is begun (budget_line.py): "<name>|<milliseconds>|<bucket>=<units>,...;" of each
    <window>:h :t     the entries of a window are <window>:<h> to <window>:<t - 1>, oldest first
    <window>:n        the sum of their units
    <window>:<i>      "<milliseconds>:<units>"
"""

_SHARED = """
local key, now = KEYS[1], tonumber(ARGV[1])
local function whole(x) return string.format('%.0f', x) end
local function entry(name, i)
  local e = redis.call('HGET', key, name .. ':' .. whole(i))
  local s = string.find(e, ':')
  return tonumber(string.sub(e, 1, s - 1)), tonumber(string.sub(e, s + 1))
end
local function bounds(name)
  local v = redis.call('HMGET', key, name .. ':h', name .. ':t', name .. ':n')
  return tonumber(v[1]) or 0, tonumber(v[2]) or 0, tonumber(v[3]) or 0
end
local function keep(name, h, t, n)
  redis.call('HSET', key, name .. ':h', whole(h), name .. ':t', whole(t), name .. ':n', whole(n))
end
-- What has left the window goes. Entries more than a window ahead come from a wrong clock: they count from now.
local function settle(name, span)
  local h, t, n = bounds(name)
  local before = h
  while h < t do
    local at, units = entry(name, h)
    if at + span > now then break end
    redis.call('HDEL', key, name .. ':' .. whole(h))
    h, n = h + 1, n - units
  end
  if h < t and (entry(name, t - 1)) > now + span then
    for i = h, t - 1 do redis.call('HDEL', key, name .. ':' .. whole(i)) end
    redis.call('HSET', key, name .. ':' .. whole(t), whole(now) .. ':' .. whole(n))
    h, t = t, t + 1
  end
  if h ~= before then keep(name, h, t, n) end
  return h, t, n
end
local function add(name, at, units)
  local h, t, n = bounds(name)
  if h < t then
    local last, there = entry(name, t - 1)
    if last >= at then
      redis.call('HSET', key, name .. ':' .. whole(t - 1), whole(last) .. ':' .. whole(there + units))
      return keep(name, h, t, n + units)
    end
  end
  redis.call('HSET', key, name .. ':' .. whole(t), whole(at) .. ':' .. whole(units))
  keep(name, h, t + 1, n + units)
end
-- Who stands in line now. One that would stand for twice as long as anybody may comes from a wrong clock; a little longer does
-- not: callers read the clock before the script runs, and another may run first.
local function line(stands)
  local found = {}
  for who, till, needs in string.gmatch(redis.call('HGET', key, 'line') or '', '([^|;]+)|(%d+)|([^;]*);') do
    if tonumber(till) > now and tonumber(till) <= now + 2 * stands then found[#found + 1] = {who, till, needs} end
  end
  return found
end
local function ahead_of(who, places)
  local units = {}
  for _, place in ipairs(places) do
    if place[1] == who then break end
    for bucket, count in string.gmatch(place[3], '([^=,]+)=(%d+)') do
      units[bucket] = (units[bucket] or 0) + tonumber(count)
    end
  end
  return units
end
-- The same place or the last one; who needs nothing leaves.
local function stand(who, needs, places, stands)
  local written, there = '', false
  for _, place in ipairs(places) do
    if place[1] == who then
      there = true
      place[2], place[3] = whole(now + stands), needs
    end
    if place[3] ~= '' then written = written .. place[1] .. '|' .. place[2] .. '|' .. place[3] .. ';' end
  end
  if not there and needs ~= '' then written = written .. who .. '|' .. whole(now + stands) .. '|' .. needs .. ';' end
  if written ~= '' then redis.call('HSET', key, 'line', written) else redis.call('HDEL', key, 'line') end
end
"""

# ARGV: now, must be seeded, time to live (0: look, take nothing), how long a place in line is kept, when room that is spoken
#       for is asked for again, whether it goes after urgent work, for how long it does, the work ('': none that is urgent), its
#       needs after this call, its needs while it waits for it ('': then it does not stand in line), number of closable buckets,
#       they, then for each window: name, bucket, span, moment, calls, allowance, cost, whether those in line need it too
# Returns {1} taken or there is room, {0, when, bucket} no room before, {-1} not seeded.
ACQUIRE = (
    _SHARED
    + """
if ARGV[2] == '1' and redis.call('HEXISTS', key, 'seeded') == 0 then return {-1, 0, ''} end
local stands, again, work, take = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[8], ARGV[3] ~= '0'
local places = line(stands)
local ahead = ahead_of(work, places)
local latest, full = 0, ''
local first = 12 + tonumber(ARGV[11])
for i = 12, first - 1 do
  local till = tonumber(redis.call('HGET', key, 'closed|' .. ARGV[i])) or 0
  if till > now and till > latest then latest, full = till, ARGV[i] end
  if ARGV[6] == '1' then
    till = tonumber(redis.call('HGET', key, 'urgent|' .. ARGV[i])) or 0
    if till > now and till <= now + 2 * stands and till > latest then latest, full = till, ARGV[i] end
  end
end
for i = first, #ARGV, 8 do
  local name, bucket, span = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local calls, allowance, cost = tonumber(ARGV[i + 4]), tonumber(ARGV[i + 5]), tonumber(ARGV[i + 6])
  local h, t, n = settle(name, span)
  -- What is kept back from this caller is there for those ahead.
  local spoken_for = 0
  if ARGV[i + 7] == '1' then spoken_for = math.max(0, (ahead[bucket] or 0) - (calls - allowance)) end
  local missing = n + cost + spoken_for - allowance
  if missing > 0 and n + spoken_for > 0 then
    local free_at = now + again
    if n > 0 then
      local to_free = math.min(n, missing)
      for j = h, t - 1 do
        local at, units = entry(name, j)
        to_free = to_free - units
        if to_free <= 0 then
          if n + cost > allowance or at + span < free_at then free_at = at + span end
          break
        end
      end
    end
    if free_at > latest then latest, full = free_at, bucket end
  end
end
if latest > 0 then
  if take and work ~= '' then redis.call('HSET', key, 'urgent|' .. full, whole(latest + tonumber(ARGV[7]))) end
  if take and ARGV[10] ~= '' then stand(work, ARGV[10], places, stands) end
  return {0, latest, full}
end
if not take then return {1, 0, ''} end
for i = first, #ARGV, 8 do add(ARGV[i], tonumber(ARGV[i + 3]), tonumber(ARGV[i + 6])) end
if work ~= '' then stand(work, ARGV[9], places, stands) end
redis.call('PEXPIRE', key, ARGV[3])
return {1, 0, ''}
"""
)

# ARGV: now, how long a place in line is kept, the work
LEAVE = (
    _SHARED
    + """
if redis.call('HEXISTS', key, 'line') == 1 then stand(ARGV[3], '', line(tonumber(ARGV[2])), tonumber(ARGV[2])) end
"""
)

# ARGV: now, how long a place in line is kept, number of closable buckets, they, then for each window: name, span
# Returns the units used in each window, then until when each bucket is closed (0: open), then what the line needs of each.
READ = (
    _SHARED
    + """
local found = {}
local first = 4 + tonumber(ARGV[3])
for i = first, #ARGV, 2 do
  local _, _, n = settle(ARGV[i], tonumber(ARGV[i + 1]))
  found[#found + 1] = n
end
for i = 4, first - 1 do found[#found + 1] = tonumber(redis.call('HGET', key, 'closed|' .. ARGV[i])) or 0 end
local ahead = ahead_of('', line(tonumber(ARGV[2])))
for i = 4, first - 1 do found[#found + 1] = ahead[ARGV[i]] or 0 end
return found
"""
)

# ARGV: now, time to live, until, then the buckets
CLOSE = (
    _SHARED
    + """
for i = 4, #ARGV do
  local till = tonumber(redis.call('HGET', key, 'closed|' .. ARGV[i])) or 0
  if tonumber(ARGV[3]) > till then redis.call('HSET', key, 'closed|' .. ARGV[i], ARGV[3]) end
end
if redis.call('PTTL', key) < tonumber(ARGV[2]) then redis.call('PEXPIRE', key, ARGV[2]) end
"""
)

# ARGV: now, time to live, then from the newest: name, moment, units. Returns 0 when another process was first.
SEED = (
    _SHARED
    + """
if redis.call('HSETNX', key, 'seeded', ARGV[1]) == 0 then return 0 end
for i = 3, #ARGV, 3 do
  local h, t, n = bounds(ARGV[i])
  redis.call('HSET', key, ARGV[i] .. ':' .. whole(h - 1), ARGV[i + 1] .. ':' .. ARGV[i + 2])
  keep(ARGV[i], h - 1, t, n + tonumber(ARGV[i + 2]))
end
redis.call('PEXPIRE', key, ARGV[2])
return 1
"""
)

# ARGV: now, time to live, then name, moment, units: what was spent while Redis could not be asked
RECORD = (
    _SHARED
    + """
for i = 3, #ARGV, 3 do add(ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])) end
redis.call('PEXPIRE', key, ARGV[2])
"""
)
