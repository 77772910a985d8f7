/**
 * The tables of one schema. Every key starts with the tenant. Texts that came from outside are kept as their JSON text (`key-text.ts`),
 * so that any text comes back as it was; times are milliseconds since 1970. No enum: its `=` is not leakproof, and a predicate that is
 * not cannot use an index under row-level security. The second indexes of a table are partial by a condition that always holds: only who says it
 * may use them, so that no plan, made while a table was empty and all its indexes cost the same, looks for a key in one of them.
 */
export const TABLES = `
create table log_head (
  tenant_id text collate "C" primary key,
  tenant text not null,
  size bigint not null default 0,
  version bigint not null default 0
) with (fillfactor = 50);

create table standing (
  tenant_id text collate "C" primary key references log_head (tenant_id),
  fingerprint text,
  minimum_policy bigint not null,
  revocations text not null
);

create table log (
  tenant_id text collate "C" not null,
  seq bigint not null check (seq >= 0),
  at bigint not null,
  record bytea not null,
  leaf bytea not null generated always as (sha256('\\x00'::bytea || record)) stored,
  primary key (tenant_id, seq)
);

create table log_node (
  tenant_id text collate "C" not null,
  level smallint not null check (level in (8, 16, 24)),
  place bigint not null check (place >= 0),
  hash bytea not null check (length(hash) = 32),
  primary key (tenant_id, level, place)
);

create table checkpoint (
  tenant_id text collate "C" not null,
  size bigint not null check (size > 0),
  root bytea not null check (length(root) = 32),
  note text not null,
  at bigint not null,
  primary key (tenant_id, size)
);

create table usage (
  tenant_id text collate "C" not null,
  period text collate "C" not null,
  principal text collate "C" not null,
  used bigint not null check (used >= 0),
  reserved bigint not null check (reserved >= 0),
  primary key (tenant_id, period, principal)
) with (fillfactor = 50);

create table rate (
  tenant_id text collate "C" not null,
  principal text collate "C" not null,
  tat double precision not null,
  primary key (tenant_id, principal)
) with (fillfactor = 50);

create table approval (
  tenant_id text collate "C" not null,
  id text collate "C" not null,
  opened bigint not null,
  digest text collate "C" not null,
  requester text collate "C" not null,
  state text collate "C" not null check (state in ('pending', 'granted', 'refused', 'consumed', 'stale')),
  opened_at bigint not null,
  expires_at bigint not null,
  closed_at bigint,
  quorum double precision not null,
  self text[] not null,
  approvers text[] not null default '{}',
  request text not null,
  votes text not null default '',
  primary key (tenant_id, id)
);
create index approval_of_digest on approval (tenant_id, digest, opened) where opened >= 0;
create index approval_pending on approval (tenant_id, expires_at) where state = 'pending';
create index approval_pending_of on approval (tenant_id, requester, expires_at) where state = 'pending';

create table open_call (
  tenant_id text collate "C" not null,
  call_id text collate "C" not null,
  seq bigint not null,
  admitted_at bigint not null,
  deadline bigint not null,
  principal text collate "C" not null,
  period text collate "C" not null,
  approval_id text collate "C",
  idempotency_key text,
  job text not null,
  leased_by text collate "C",
  leased_until bigint not null default 0,
  primary key (tenant_id, call_id)
);
create index open_call_due on open_call (tenant_id, deadline) where deadline >= 0;

create table kept (
  tenant_id text collate "C" not null,
  key text collate "C" not null,
  fingerprint text collate "C" not null,
  call_id text collate "C" not null,
  expires_at bigint not null,
  done boolean not null default false,
  answer text,
  primary key (tenant_id, key)
);
create index kept_until on kept (tenant_id, expires_at) where expires_at >= 0;
`
