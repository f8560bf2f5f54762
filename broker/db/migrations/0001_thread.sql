-- The running thread. Personal data stands only in columns sealed under a child's key;
-- what is clear here is opaque ids, counts, codes and times of arrival.

create table partition_offset (
    topic       text   not null,
    partition   int    not null,
    next_offset bigint not null,
    epoch       bigint not null,
    primary key (topic, partition)
);

create table feed (
    feed_id           int generated always as identity primary key,
    source            text not null unique,
    agency            text not null,
    first_event_at    timestamptz not null default now(),
    last_event_at     timestamptz not null default now(),
    last_heartbeat_at timestamptz,
    contiguous        bigint not null default 0,
    gap_since         timestamptz
);

-- Every event the broker took responsibility for, once.
create table accepted (
    event_id    uuid   not null,
    feed_id     int    not null,
    sequence    bigint not null,
    digest      bytea  not null,
    outcome     text   not null check (outcome in ('placed', 'held', 'quarantined', 'heartbeat')),
    received_at timestamptz not null default now(),
    primary key (event_id, feed_id)
);
create index accepted_sequence on accepted (feed_id, sequence);

create table child (
    child_id    uuid primary key,
    subject_ref uuid not null,
    standing    text not null check (standing in ('confirmed', 'provisional')),
    dek         bytea not null,
    dek_version int   not null,
    known_as    bytea not null,
    picture     bytea not null,
    created_at  timestamptz not null default now()
) with (fillfactor = 80);

create table match_key (
    key      bytea not null,
    child_id uuid  not null,
    primary key (key, child_id)
);

create table chronology (
    entry_id     uuid primary key,
    child_id     uuid not null references child,
    feed_id      int  not null,
    event_id     uuid not null,
    occurred_on  date not null,
    received_at  timestamptz not null,
    sealed       bytea not null,
    corrected_by uuid,
    correction   text check (correction in ('superseded', 'retracted'))
);
create index chronology_child on chronology (child_id, occurred_on desc, entry_id desc);
create unique index chronology_event on chronology (event_id, feed_id);

-- What an event corrects, kept even when the correction arrives first.
create table correction (
    feed_id         int  not null,
    target_event_id uuid not null,
    by_event_id     uuid not null,
    kind            text not null check (kind in ('superseded', 'retracted')),
    primary key (target_event_id, feed_id)
);

-- Events whose child a person must decide.
create table review (
    review_id  uuid primary key,
    child_id   uuid not null references child,
    event_id   uuid not null,
    reason     text not null,
    candidates uuid[] not null,
    la_code    text,
    opened_at  timestamptz not null default now(),
    decided_at timestamptz
);

create table alert (
    alert_id        uuid primary key,
    child_id        uuid not null references child,
    rule            text not null,
    rule_version    text not null,
    evidence        uuid[] not null,
    lane            text not null check (lane in ('concern', 'help')),
    state           text not null check (state in ('open', 'acknowledged', 'closed')),
    revision        int  not null default 1,
    withdrawn       boolean not null default false,
    agency          text,
    holder          text,
    step            int  not null default 0,
    opened_at       timestamptz not null,
    due_at          timestamptz not null,
    next_step_at    timestamptz,
    sealed          bytea not null,
    acknowledged_at timestamptz,
    acknowledged_by text,
    outcome         text,
    note            bytea
);
create index alert_child on alert (child_id, rule);
create index alert_holder on alert (holder, state);
create index alert_due on alert (next_step_at) where state = 'open';

create table alert_recipient (
    alert_id  uuid not null references alert,
    recipient text not null,
    added_at  timestamptz not null default now(),
    primary key (alert_id, recipient)
);

create table notification (
    notification_id uuid primary key,
    alert_id        uuid not null references alert,
    recipient       text not null,
    kind            text not null check (kind in ('new', 'reminder', 'escalation', 'update')),
    created_at      timestamptz not null default now(),
    attempts        int not null default 0,
    next_attempt_at timestamptz not null default now(),
    sent_at         timestamptz
);
create index notification_waiting on notification (next_attempt_at) where sent_at is null;

create table outbox (
    seq        bigint generated always as identity primary key,
    topic      text not null,
    key        bytea,
    headers    jsonb not null,
    value      bytea not null,
    created_at timestamptz not null default now()
);

create table quarantine (
    quarantine_id uuid primary key,
    topic         text   not null,
    partition     int    not null,
    kafka_offset  bigint not null,
    headers       jsonb  not null,
    key           bytea,
    value         bytea  not null,
    reason        text   not null,
    agency        text,
    event_id      uuid,
    at            timestamptz not null default now(),
    state         text not null default 'held' check (state in ('held', 'replayed')),
    unique (topic, partition, kafka_offset)
);

create schema audit;
create table audit.pending (
    entry_id    uuid primary key,
    at          timestamptz not null,
    action      text not null,
    subject_ref uuid,
    body        bytea not null,
    detail      bytea
);
create index pending_looked on audit.pending (subject_ref, entry_id)
    where action in ('picture.view', 'alert.view', 'alert.acknowledge', 'alert.route', 'view.denied');
create rule no_update as on update to audit.pending do instead nothing;
create rule no_delete as on delete to audit.pending do instead nothing;
