-- Heartbeats that change nothing, as most do: one read and one small write each. A call that brings nothing
-- else ends with this part, before the others are set up.
--
-- A heartbeat: key of the user, device, idle_ms, seq or -1, traits (device.lua), channels (a line each).
-- Result: own status where nothing changed, else {own status, last seq of a newer signal or false}.

local STATUSES = { 'offline', 'idle', 'online', 'dnd', 'invisible' }

-- Before each device stands what a heartbeat must know of the user, as it is in h: armed timer, outages
-- applied, own status.
local WATCH = '<i6IB'
local WATCH_SIZE = struct.size(WATCH)
local PACK_BEATEN, UNPACK_BEATEN = WATCH .. CLOCKS .. 'c0', WATCH .. CLOCKS .. TRAITS
local TRAITS_AT = struct.size(WATCH .. CLOCKS) + 1

local call, sub, pack, unpack_struct = redis.call, string.sub, struct.pack, struct.unpack

local beaten = {} -- key of a user -> its number in these, or 0 where the user has been read whole
local beaten_keys, beaten_fields, beaten_devices = {}, {}, {}

-- Status word where nothing is due and nothing would change but the device's own clock; else false.
local function beat_unchanged(key, name, idle_ms, seq, traits, channels)
  if beaten[key] then return false end
  local field, packed = 'd' .. name, nil
  if channels == '' then
    packed = call('HGET', key, field)
  else
    local got = call('HMGET', key, field, 'c' .. name)
    if got[2] ~= channels then return false end
    packed = got[1]
  end
  if not packed or sub(packed, TRAITS_AT) ~= traits then return false end
  local armed, outages, own, _, _, input_at, _, activity_at, last_seq, state, interval, _, flags =
    unpack_struct(UNPACK_BEATEN, packed)
  if now >= armed or outages ~= partition.outages or state ~= NO_GRACE and state ~= IDLE
    or seq >= 0 and seq < last_seq then
    return false
  end
  if state == IDLE then
    if idle_ms <= interval then return false end
  else
    input_at = now - idle_ms
    if input_at + (flags % 2 == VISIBLE and IDLE_AFTER or HIDDEN_IDLE_AFTER) < armed then return false end
  end
  local deadline = now + FACTOR * interval
  if deadline < armed then return false end
  if seq < 0 then seq = last_seq end
  local n = #beaten_keys + 1
  beaten[key], beaten_keys[n], beaten_fields[n] = n, key, field
  beaten_devices[n] =
    pack(PACK_BEATEN, armed, outages, own, deadline, now, input_at, 0, activity_at, seq, state, traits)
  return STATUSES[own]
end

-- What a heartbeat of this call has made of a device of the user, from now on somebody else's to write.
local function take_beaten(key)
  local n = beaten[key] or 0
  beaten[key] = 0
  if n == 0 then return nil end
  beaten_keys[n] = false
  return beaten_fields[n], beaten_devices[n]
end

-- The life of the key is put off by whoever writes the user whole, as its timer has somebody do in time.
local function write_beaten()
  for n, key in ipairs(beaten_keys) do
    if key then call('HSET', key, beaten_fields[n], beaten_devices[n]) end
  end
end

local OPERATION = 6
local results, offset = {}, string.byte(ARGV[4]) < 0xdc and SHORT or LONG -- a negative one is the end

repeat
  local after, first, name, idle_ms, seq, traits, channels = unpack_entries(ARGV[4], OPERATION, offset)
  local status = type(first) == 'string' and beat_unchanged(first, name, idle_ms, seq, traits, channels)
  if not status then break end
  results[#results + 1] = status
  offset = after
until offset < 0

if offset < 0 and not partition_dirty then
  write_beaten()
  return reply(results, false)
end
