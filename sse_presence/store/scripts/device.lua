-- Devices: their packed form and their own rules (domain/rules.py, "Devices").

local KINDS = { 'web', 'mobile', 'desktop', 'bot' }
local NO_GRACE, CLOSED, LEFT = 0, 1, 2
local CLOSE_MARGIN = 5000

-- deadline, signalled, input_at, active_until, activity_at, seq (-1: none), state: grace, and IDLE.
local CLOCKS = 'i6i6i6i6i6dB'
local IDLE = 4

-- Its traits, as heartbeats bring them (store/beat.py): interval, kind, flags; the activity tag is the rest.
local TRAITS = 'IBB'
local VISIBLE, IN_CHANNELS = 1, 2

local PACK_DEVICE, UNPACK_DEVICE = '<' .. CLOCKS .. 'c0', '<' .. CLOCKS .. TRAITS
local PACK_TRAITS, UNPACK_TRAITS = '<' .. TRAITS .. 'c0', '<' .. TRAITS

local function pack_device(d)
  local flags = (d.visible and VISIBLE or 0) + (d.channels ~= '' and IN_CHANNELS or 0)
  local traits = struct.pack(PACK_TRAITS, d.interval, d.kind, flags, d.activity or '')
  return struct.pack(PACK_DEVICE, d.deadline, d.signalled, d.input_at, d.active_until, d.activity_at, d.seq,
    d.grace + (d.idle and IDLE or 0), traits)
end

local function take_traits(d, interval, kind, flags, activity)
  d.interval, d.kind, d.visible, d.activity = interval, kind, flags % 2 == VISIBLE, activity ~= '' and activity
end

-- It begins at a position. Channels are kept beside it: nil where they are not known.
local function unpack_device(packed, at, channels)
  local deadline, signalled, input_at, active_until, activity_at, seq, state, interval, kind, flags, rest =
    struct.unpack(UNPACK_DEVICE, packed, at)
  local d = {
    deadline = deadline, signalled = signalled, input_at = input_at, active_until = active_until,
    activity_at = activity_at, seq = seq, grace = state % IDLE, idle = state >= IDLE,
    channels = flags < IN_CHANNELS and '' or channels,
    interval = false, kind = false, visible = false, activity = false,
  }
  take_traits(d, interval, kind, flags, string.sub(packed, rest))
  return d
end

local function idle_limit(visible)
  return visible and IDLE_AFTER or HIDDEN_IDLE_AFTER
end

local function idle_at(d)
  return math.max(d.input_at + idle_limit(d.visible), d.active_until)
end

-- A signal of the device itself: a fresh life.
local function touch(d)
  d.deadline = now + FACTOR * d.interval
  d.signalled = now
  d.grace = NO_GRACE
  d.active_until = 0
end

local function shorten(d, deadline, grace)
  d.deadline = math.min(d.deadline, deadline)
  d.grace = grace
end
