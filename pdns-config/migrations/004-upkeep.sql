-- Upkeep of the change log by the nodes themselves (ptr-admind, keep-changes-h): in small steps, one
-- node at a time, and never in the way of whoever writes.

CREATE INDEX change_at ON ptrd.change (at);

-- When the log was last looked after. Until the next time nothing that was open then is forgotten: a
-- transaction that was open for longer than changes are kept still reaches the nodes.
ALTER TABLE ptrd.log_state ADD COLUMN upkept_at timestamptz NOT NULL DEFAULT '-infinity';

-- As count_changes, of at most that many rows, and what their last transaction has more. True: all.
CREATE FUNCTION ptrd.count_some(most bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    old xid8;
    horizon xid8 := pg_snapshot_xmin(pg_current_snapshot());
    bound xid8;
BEGIN
    SELECT counted INTO old FROM ptrd.log_state FOR UPDATE;
    SELECT xid INTO bound FROM ptrd.change WHERE xid >= old AND xid < horizon ORDER BY xid OFFSET most LIMIT 1;
    IF bound = old THEN
        SELECT min(xid) INTO bound FROM ptrd.change WHERE xid > old AND xid < horizon;
    END IF;
    UPDATE ptrd.zone z SET serial = (z.serial + c.changes - 1) % 4294967295 + 1
        FROM (SELECT named, count(*) AS changes FROM ptrd.change, unnest(zones) AS named
              WHERE xid >= old AND xid < coalesce(bound, horizon) GROUP BY named) c
        WHERE z.id = c.named;
    UPDATE ptrd.log_state SET counted = coalesce(bound, horizon) WHERE coalesce(bound, horizon) > old;
    RETURN bound IS NULL;
END $$;

-- What a node runs, as often as it likes: counts changes, and forgets those that are older than that.
-- 0: nothing is left to do for now; 1: call it again soon; NULL: another node is at it, was less than
-- `every` ago, or somebody holds a lock that it would wait for.
CREATE FUNCTION ptrd.upkeep(older_than interval, every interval, most bigint) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '100ms' AS $$
DECLARE
    state ptrd.log_state;
    bound xid8;
    gone bigint := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7018321107) THEN
        RETURN NULL;
    END IF;
    SELECT * INTO state FROM ptrd.log_state;
    -- a clock that was set back ends no upkeep
    IF now() >= state.upkept_at AND now() < state.upkept_at + every THEN
        RETURN NULL;
    END IF;
    SELECT max(xid) INTO bound FROM (
        SELECT xid FROM ptrd.change WHERE at < now() - older_than AND xid < state.counted ORDER BY at LIMIT most) oldest;
    IF bound IS NOT NULL THEN
        DELETE FROM ptrd.change WHERE xid <= bound;
        GET DIAGNOSTICS gone = ROW_COUNT;
        UPDATE ptrd.log_state SET kept = greatest(kept, (bound::text::numeric + 1)::text::xid8);
    END IF;
    IF gone >= most OR NOT ptrd.count_some(most) THEN
        RETURN 1;
    END IF;
    UPDATE ptrd.log_state SET upkept_at = now();
    RETURN 0;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    RETURN NULL;
END $$;
