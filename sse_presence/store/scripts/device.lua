-- Devices: their packed form and their own rules (domain/rules.py, "Devices").

local KINDS = { 'web', 'mobile', 'desktop', 'bot' }
local KIND_CODES = { web = 1, mobile = 2, desktop = 3, bot = 4 }
local NO_GRACE, CLOSED, LEFT = 0, 1, 2
local CLOSE_MARGIN = 5000

-- deadline, signalled, input_at, active_until, activity_at, seq (-1: none), interval, kind, flags, grace;
-- the activity tag is the rest.
local DEVICE = '<ddddddIBBB'
local DEVICE_SIZE = struct.size(DEVICE)
local VISIBLE, IDLE, IN_CHANNELS = 1, 2, 4

local function pack_device(d)
  local flags = (d.visible and VISIBLE or 0) + (d.idle and IDLE or 0) + (d.channels ~= '' and IN_CHANNELS or 0)
  return struct.pack(DEVICE, d.deadline, d.signalled, d.input_at, d.active_until, d.activity_at, d.seq,
    d.interval, d.kind, flags, d.grace) .. (d.activity or '')
end

-- Channels are kept beside it: nil where they are not known.
local function unpack_device(packed, channels)
  local deadline, signalled, input_at, active_until, activity_at, seq, interval, kind, flags, grace =
    struct.unpack(DEVICE, packed)
  return {
    deadline = deadline, signalled = signalled, input_at = input_at, active_until = active_until,
    activity_at = activity_at, seq = seq, interval = interval, kind = kind, grace = grace,
    visible = flags % 2 == 1, idle = flags % 4 >= IDLE,
    channels = flags < IN_CHANNELS and '' or channels,
    activity = #packed > DEVICE_SIZE and string.sub(packed, DEVICE_SIZE + 1) or false,
  }
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
