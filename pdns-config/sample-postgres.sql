-- sample-zones.yaml as rows, for pdns-config/quickstart --postgres: the same answers. What the columns
-- are is in ptr-admind(8), what the values mean in ptrd-zones(5).
INSERT INTO ptrd.zone (name, prefix, classless, forward_auto, mname, rname, ns)
SELECT name, prefix::cidr, classless, forward_auto, 'ns1.isp.example', 'hostmaster.isp.example',
    '{ns1.isp.example, ns2.isp.example}'
FROM (VALUES
    ('isp.example', NULL, false, true),        -- an override that points here gets its A/AAAA by itself
    ('dyn.isp.example', NULL, false, false),
    (NULL, '198.51.100.0/24', false, false),   -- the name follows from the prefix
    (NULL, '2001:db8::/32', false, false),
    ('64/26.113.0.203.in-addr.arpa', '203.0.113.64/26', true, false) -- RFC 2317: part of a /24 of somebody else
) AS v (name, prefix, classless, forward_auto);

INSERT INTO ptrd.record (zone_id, name, type, content)
SELECT z.id, v.name, v.type, v.content
FROM (VALUES
    ('ns1', 'A', '192.0.2.53'),
    ('ns2', 'A', '192.0.2.54'),
    ('@', 'MX', '10 mail.isp.example'),
    ('@', 'TXT', '"v=spf1 mx -all"')
) AS v (name, type, content), ptrd.zone z
WHERE z.name = 'isp.example';

-- The most specific block wins; in the range nothing is generated.
INSERT INTO ptrd.block (prefix, first, last, name, ttl, vars, kind) VALUES
    ('198.51.100.0/24', NULL, NULL, '{ip}.dyn.isp.example', 600, '{}', NULL),
    (NULL, '198.51.100.16', '198.51.100.31', 'none', 3600, '{}', NULL),
    ('2001:db8::/32', NULL, NULL, '{ip}.dyn.isp.example', 3600, '{"pop": "ams1"}', 'dynamic'),
    ('203.0.113.64/26', NULL, NULL, '{ip}.dyn.isp.example', 3600, '{}', NULL);

-- What customers serve themselves.
INSERT INTO ptrd.delegation (prefix, ns, style) VALUES
    ('2001:db8:ffff::/48', '{ns1.customer.example, ns2.customer.example}', NULL),
    ('198.51.100.224/27', '{ns1.customer.example}', '224/27'); -- RFC 2317

-- Overrides: one of an excluded address answers all the same.
INSERT INTO ptrd.ptr (address, target, ttl, forward) VALUES
    ('198.51.100.1', 'gw.isp.example', NULL, NULL),
    ('198.51.100.25', 'mail.isp.example', NULL, NULL),
    ('198.51.100.80', 'www.customer.example', NULL, NULL), -- a name of somebody else: no forward record of ours
    ('198.51.100.81', 'shop.customer.example', 900, NULL),
    ('2001:db8::1', 'gw.isp.example', NULL, NULL),
    ('2001:db8::25', 'mail.isp.example', 300, 'auto');
