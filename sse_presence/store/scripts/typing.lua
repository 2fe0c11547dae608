-- Who types in a channel (domain/typing_list.py): one packed value a channel,
-- {shown = {user, until ...}, entries = {user, device, until, seq, forget at ...}}.
-- An entry is remembered for a minute after its last signal, so that a late start cannot overtake a stop.

local REMEMBERED = 60000
local LISTED = 21 -- one more than is shown: a watcher leaves itself out

local channels, opened_channels = {}, {}

local function load_channel(name)
  local channel = channels[name]
  if channel then return channel end
  channel = { name = name, key = CHANNEL_PREFIX .. name, shown = {}, entries = {} }
  local packed = redis.call('GET', channel.key)
  if packed then
    local c = cmsgpack.unpack(packed)
    for i = 1, #c[1], 2 do channel.shown[c[1][i]] = c[1][i + 1] end
    for i = 1, #c[2], 5 do
      local e = c[2]
      if now < e[i + 4] then
        channel.entries[e[i] .. '\0' .. e[i + 1]] =
          { user = e[i], device = e[i + 1], expires = e[i + 2], seq = e[i + 3], forget = e[i + 4] }
      end
    end
  end
  channels[name] = channel
  opened_channels[#opened_channels + 1] = channel
  return channel
end

local function pack_channel(channel)
  local shown, entries = {}, {}
  for user, expires in pairs(channel.shown) do
    shown[#shown + 1] = user
    shown[#shown + 1] = expires
  end
  for _, e in pairs(channel.entries) do
    for _, value in ipairs({ e.user, e.device, e.expires, e.seq, e.forget }) do
      entries[#entries + 1] = value
    end
  end
  return cmsgpack.pack({ shown, entries })
end

local function typists(channel)
  local until_of = {}
  for _, e in pairs(channel.entries) do
    if now < e.expires then until_of[e.user] = math.max(until_of[e.user] or 0, e.expires) end
  end
  return until_of
end

-- When to tell that somebody goes on: half the TTL before receivers would let the entry lapse.
local function refresh_at(channel, current)
  local first = NEVER
  for user, expires in pairs(current) do
    local told = channel.shown[user]
    if told and expires > told then first = math.min(first, told - TYPING_TTL / 2) end
  end
  return first
end

-- Publish when somebody began or stopped, and when one who goes on would lapse at the receivers.
local function settle_channel(channel)
  local current, shown = typists(channel), channel.shown
  local changed = now >= refresh_at(channel, current)
  for user in pairs(current) do
    if not shown[user] then changed = true end
  end
  for user in pairs(shown) do
    if not current[user] then changed = true end
  end
  if changed then channel.shown, channel.publish = current, true end
end

local function channel_timer(channel)
  local current = typists(channel)
  local first = refresh_at(channel, current)
  for _, expires in pairs(current) do first = math.min(first, expires) end
  return first
end

local function typing_list(channel)
  local current, names, listed = typists(channel), {}, {}
  for user in pairs(current) do names[#names + 1] = user end
  table.sort(names)
  for i = 1, math.min(#names, LISTED) do listed[i] = { names[i], current[names[i]] } end
  return { channel.name, #names, listed }
end

-- The last seq of a newer signal, or false.
local function newer_typing(channel, user, device, seq)
  local e = channel.entries[user .. '\0' .. device]
  return e and seq >= 0 and seq < e.seq and e.seq or false
end

-- Invisible users type unseen: only the order of their signals is remembered.
local function set_typing(channel, user, device, typing, seq, hidden)
  local old = channel.entries[user .. '\0' .. device]
  local expires = typing and now + TYPING_TTL or 0
  if hidden then expires = old and old.expires or 0 end
  channel.entries[user .. '\0' .. device] = {
    user = user, device = device, expires = expires,
    seq = seq >= 0 and seq or old and old.seq or -1,
    forget = now + math.max(REMEMBERED, TYPING_TTL),
  }
  channel.dirty = true
  settle_channel(channel)
end

-- Type: user, device, channel, typing, seq or -1, hidden. Result: last seq of a newer signal or false.
function operations.type(op)
  local channel = load_channel(op[4])
  local newer = newer_typing(channel, op[2], op[3], op[6])
  if not newer then set_typing(channel, op[2], op[3], op[5], op[6], op[7]) end
  return newer
end

-- Typing: user, device, channel, typing, seq or -1; for a channel in the user's own partition.
-- Result: {own status, last seq of a newer signal or false}.
function operations.typing(op)
  local user, channel = load_user(op[2]), load_channel(op[4])
  local newer = newer_typing(channel, op[2], op[3], op[6])
  if not newer then
    operations.touch({ 'touch', op[2], op[3], op[5] })
    set_typing(channel, op[2], op[3], op[5], op[6], user.ghost ~= false)
  end
  settle_user(user)
  return { status_of(user.real), newer }
end

-- Hidden: user. Whether others must not see it type.
function operations.hidden(op)
  local user = load_user(op[2])
  settle_user(user)
  return user.ghost ~= false
end

-- Lists: channels. Who types in each.
function operations.lists(op)
  local lists = {}
  for i, name in ipairs(op[2]) do
    local channel = load_channel(name)
    settle_channel(channel)
    lists[i] = typing_list(channel)
  end
  return lists
end
