-- What nodes say of themselves: a row each, and the rows of the truth that they could not take.

CREATE TABLE ptrd.node (
    name text PRIMARY KEY,
    version text NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    cursor_xmin xid8,
    generation bigint
);

CREATE TABLE ptrd.quarantine (
    node text NOT NULL,
    relation text NOT NULL,
    key text NOT NULL,
    reason text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (node, relation, key)
);
