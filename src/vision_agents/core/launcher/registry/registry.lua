-- The registry's rules as one script: each call is one atomic step. The Python twin is memory_rows.py and
-- nodes.py; tests/core/launcher/registry/test_port.py holds both against a model.
--
-- KEYS[1]: what all keys begin with; it holds the hash tag, so that all of them are in one slot.
-- ARGV: the step's name, "now" in milliseconds or "" for the server's time, then the step's arguments.
--
-- epoch                 hash: id, began, ends, span, recovering, held
-- leases/silences/paces sorted sets: owner -> end of its lease / when it counts as silent / its interval
-- nodes                 hash: node -> owner, newline, URL
-- sessions              sorted set: call/session -> when it runs out
-- call:<call>           hash: session -> owner, newline, JSON
-- closes                sorted set: call/session -> until when closing is asked for
-- ended:<call/session>  string: until when, newline, JSON
-- once:<call>/<key>     hash: owner, fingerprint, attempt, until, status, response
-- commands:<owner>      stream
--
-- The times in the rows decide; a renewal sweeps what has run out. Where keys expire too, that only takes
-- away what nobody would read any more.

local DAY, ENDED, COMMANDS = 86400000, 60000, 1000
local base, argument = KEYS[1], 0

local function take()
    argument = argument + 1
    return ARGV[argument]
end

local function take_number()
    return tonumber(take())
end

local step, now = take(), take()
if now == '' then
    local time = redis.call('TIME')
    now = time[1] * 1000 + math.floor(time[2] / 1000)
else
    now = tonumber(now)
end

-- Those that only read come first: the rest is not even set up for them.

local function score(set, member)
    return tonumber(redis.call('ZSCORE', base .. set, member) or 0)
end

local function split(row)
    local at = string.find(row, '\n', 1, true)
    return string.sub(row, 1, at - 1), string.sub(row, at + 1)
end

-- A session that has not run out: its owner and its JSON.
local function live(call, session)
    if score('sessions', call .. '/' .. session) <= now then return nil end
    local row = redis.call('HGET', base .. 'call:' .. call, session)
    if not row then return nil end
    return split(row)
end

local function ended(call, session)
    local row = redis.call('GET', base .. 'ended:' .. call .. '/' .. session)
    if not row then return nil end
    local till, json = split(row)
    return tonumber(till) > now and json or nil
end

local steps = {}

local function found(call, session)
    local token, json = live(call, session)
    if not token then return nil end
    return {json, score('silences', token) <= now and 1 or 0}
end

function steps.find()
    return found(take(), take())
end

function steps.find_ended()
    return ended(take(), take())
end

function steps.find_in_call()
    local call, rows = take(), {}
    for _, session in ipairs(redis.call('HKEYS', base .. 'call:' .. call)) do
        rows[#rows + 1] = found(call, session)
    end
    return rows
end

function steps.list_all()
    local rows = {}
    local members = redis.call('ZRANGEBYSCORE', base .. 'sessions', '(' .. now, '+inf', 'LIMIT', 0, take())
    for _, member in ipairs(members) do
        rows[#rows + 1] = found(string.match(member, '^(.-)/(.*)$'))
    end
    return rows
end

function steps.asked_closes()
    local asked = {}
    for index = 0, (#ARGV - argument) / 2 - 1 do
        local call, session = take(), take()
        if score('closes', call .. '/' .. session) > now then asked[#asked + 1] = index end
    end
    return asked
end

function steps.find_node()
    local row = redis.call('HGET', base .. 'nodes', take())
    if not row then return nil end
    local token, url = split(row)
    return score('leases', token) > now and url or nil
end

if steps[step] then return steps[step]() end

local function take_owner()
    return {
        token = take(), node = take(), url = take(),
        ttl = take_number(), lease = take_number(), silent = take_number(), span = take_number(),
        interval = take_number(), slowest = take_number(), grace = take_number(),
        known = take_number(), cut_off = take() == '1',
    }
end

local function forget_long_lost()
    local lost = redis.call('ZRANGEBYSCORE', base .. 'leases', '-inf', now - DAY)
    for _, token in ipairs(lost) do
        for _, set in ipairs({'leases', 'silences', 'paces'}) do
            redis.call('ZREM', base .. set, token)
        end
    end
end

local function read_epoch()
    local row = redis.call('HMGET', base .. 'epoch', 'id', 'began', 'ends', 'span', 'recovering', 'held')
    return {
        id = row[1], began = tonumber(row[2] or 0), ends = tonumber(row[3] or 0), span = tonumber(row[4] or 0),
        recovering = tonumber(row[5] or 0), held = tonumber(row[6] or 0),
    }
end

-- Hear of a node: renew its lease and the epoch, or begin a new epoch where rows may be missing.
local function touch(owner)
    forget_long_lost()
    local known = score('leases', owner.token)
    local alone = redis.call('ZCARD', base .. 'leases') == 0
    local pace = redis.call('ZREVRANGE', base .. 'paces', 0, 0, 'WITHSCORES')
    local slowest = math.max(owner.slowest, owner.interval, tonumber(pace[2] or 0))
    local grace = math.floor(slowest * owner.grace / 100)
    local epoch = read_epoch()
    if not epoch.id or (not alone and epoch.ends <= now) or owner.known > known then
        epoch.id = string.format('%.0f/%s', now, owner.token)
        epoch.began, epoch.span = now, 0
        epoch.recovering = math.max(epoch.recovering, now + grace)
    elseif epoch.recovering > now then
        epoch.recovering = math.max(epoch.recovering, epoch.began + grace)
    end
    if alone then epoch.span = 0 end
    if owner.cut_off then epoch.held = math.max(epoch.held, now + grace) end
    epoch.span = epoch.span == 0 and owner.span or math.min(epoch.span, owner.span)
    redis.call('HSET', base .. 'epoch', 'id', epoch.id, 'began', epoch.began, 'ends', now + epoch.span,
        'span', epoch.span, 'recovering', epoch.recovering, 'held', epoch.held)
    local lease = math.max(now + owner.lease, known)
    redis.call('ZADD', base .. 'leases', lease, owner.token)
    redis.call('ZADD', base .. 'silences', now + owner.silent, owner.token)
    redis.call('ZADD', base .. 'paces', owner.interval, owner.token)
    redis.call('HSET', base .. 'nodes', owner.node, owner.token .. '\n' .. owner.url)
    epoch.hold = math.max(epoch.held, epoch.recovering)
    return {lease, slowest, epoch.id, math.max(0, epoch.recovering - now)}, epoch
end

local function put(owner, call, session, json)
    redis.call('HSET', base .. 'call:' .. call, session, owner.token .. '\n' .. json)
    redis.call('ZADD', base .. 'sessions', now + owner.ttl, call .. '/' .. session)
end

local function remove(call, session)
    redis.call('HDEL', base .. 'call:' .. call, session)
    redis.call('ZREM', base .. 'sessions', call .. '/' .. session)
end

local function finish(call, session, json)
    remove(call, session)
    local row = string.format('%.0f\n', now + ENDED) .. json
    redis.call('SET', base .. 'ended:' .. call .. '/' .. session, row, 'PX', ENDED)
end

-- Whether the call has room, replacing sessions of dead nodes where it must.
local function makes_room(epoch, call, session, limit)
    if limit == 0 then return true end
    local rows, dead, jsons = redis.call('HGETALL', base .. 'call:' .. call), {}, {}
    local count = 0
    for i = 1, #rows, 2 do
        local other = rows[i]
        if other ~= session and score('sessions', call .. '/' .. other) > now then
            local token, json = split(rows[i + 1])
            count = count + 1
            if score('leases', token) <= now then
                dead[#dead + 1], jsons[other] = other, json
            end
        end
    end
    local excess = count - limit + 1
    if excess <= 0 then return true end
    if epoch.hold > now or #dead < excess then return false end
    table.sort(dead)
    for i = 1, excess do finish(call, dead[i], jsons[dead[i]]) end
    return true
end

local function sweep()
    local gone = redis.call('ZRANGEBYSCORE', base .. 'sessions', '-inf', now, 'LIMIT', 0, 100)
    for _, member in ipairs(gone) do
        local call, session = string.match(member, '^(.-)/(.*)$')
        remove(call, session)
    end
    redis.call('ZREMRANGEBYSCORE', base .. 'closes', '-inf', now)
end

function steps.claim()
    local owner, call, session, limit, json = take_owner(), take(), take(), take_number(), take()
    local told, epoch = touch(owner)
    local holder = live(call, session)
    if holder == owner.token then return {told, 'granted', 0} end
    if limit > 0 and epoch.recovering > now then return {told, 'recovering', epoch.recovering - now} end
    if holder or not makes_room(epoch, call, session, limit) then return {told, 'full', 0} end
    put(owner, call, session, json)
    return {told, 'granted', 0}
end

-- Keep or take again the slot of one session. An empty JSON means: as it was told before.
local function renew_one(owner, epoch, call, session, limit, json)
    local holder = live(call, session)
    if holder then
        if holder ~= owner.token then return 'lost' end
        if json ~= '' then
            put(owner, call, session, json)
        else
            redis.call('ZADD', base .. 'sessions', now + owner.ttl, call .. '/' .. session)
        end
    else
        if ended(call, session) then return 'lost' end
        if json == '' then return 'missing' end
        if not makes_room(epoch, call, session, limit) then return 'lost' end
        put(owner, call, session, json)
    end
    return nil
end

function steps.renew()
    local owner = take_owner()
    local told, epoch = touch(owner)
    sweep()
    local asked = redis.call('ZCARD', base .. 'closes') > 0
    local lost, close, count = {}, {}, (#ARGV - argument) / 4
    for index = 0, count - 1 do
        local call, session, limit, json = take(), take(), take_number(), take()
        local fault = renew_one(owner, epoch, call, session, limit, json)
        -- Those behind it must not take a slot that this one has a right to.
        if fault == 'missing' then return {told, lost, close, index} end
        if fault == 'lost' then lost[#lost + 1] = index end
        if asked and score('closes', call .. '/' .. session) > now then close[#close + 1] = index end
    end
    return {told, lost, close, count}
end

function steps.release()
    local token = take()
    for _ = 1, (#ARGV - argument) / 3 do
        local call, session, json = take(), take(), take()
        local holder = live(call, session)
        if not holder or holder == token then
            finish(call, session, json)
            redis.call('ZREM', base .. 'closes', call .. '/' .. session)
        end
    end
end

function steps.sign_off()
    local token, node = take(), take()
    for _, set in ipairs({'leases', 'silences', 'paces'}) do
        redis.call('ZREM', base .. set, token)
    end
    local row = redis.call('HGET', base .. 'nodes', node)
    if row and split(row) == token then redis.call('HDEL', base .. 'nodes', node) end
    redis.call('DEL', base .. 'commands:' .. token)
end

function steps.ask_close()
    local call, session, command = take(), take(), take()
    local token, json = live(call, session)
    if not token then return 'unknown' end
    redis.call('ZADD', base .. 'closes', now + DAY, call .. '/' .. session)
    if score('silences', token) <= now then
        finish(call, session, json)
        return 'removed'
    end
    local key = base .. 'commands:' .. token
    redis.call('XADD', key, 'MAXLEN', COMMANDS, '*', 'command', command)
    redis.call('PEXPIRE', key, DAY)
    return 'noted'
end

function steps.repeat_closes()
    for _ = 1, (#ARGV - argument) / 2 do
        local call, session = take(), take()
        redis.call('ZADD', base .. 'closes', now + DAY, call .. '/' .. session)
    end
end

function steps.begin_once()
    local owner, key, fingerprint, attempt = take_owner(), base .. 'once:' .. take(), take(), take()
    local row = redis.call('HMGET', key, 'owner', 'fingerprint', 'attempt', 'until', 'status', 'response')
    if row[1] and tonumber(row[4]) > now then
        if row[2] ~= fingerprint then return {'conflict'} end
        if row[5] then return {'done', tonumber(row[5]), row[6]} end
        if row[3] ~= attempt and score('leases', row[1]) > now then return {'in_progress'} end
    end
    touch(owner)
    redis.call('DEL', key)
    redis.call('HSET', key, 'owner', owner.token, 'fingerprint', fingerprint, 'attempt', attempt, 'until', now + DAY)
    redis.call('PEXPIRE', key, DAY)
    return {'new'}
end

local function unfinished_once(token, key)
    local row = redis.call('HMGET', key, 'owner', 'status')
    return row[1] == token and not row[2]
end

function steps.finish_once()
    local token, key, status, response = take(), base .. 'once:' .. take(), take(), take()
    if unfinished_once(token, key) then redis.call('HSET', key, 'status', status, 'response', response) end
end

function steps.abandon_once()
    local token, key = take(), base .. 'once:' .. take()
    if unfinished_once(token, key) then redis.call('DEL', key) end
end

return steps[step]()
