-- As before, and with what a search looks through and the device, so that a text is looked for within the index
-- and rows are read where they have it.

DROP INDEX connections_in_order;
CREATE INDEX connections_in_order ON connections (
  (CASE status WHEN 'unregistered' THEN 0 ELSE 100 END
    + CASE tunnel WHEN 0 THEN 50 ELSE 0 END
    + CASE category WHEN 'system-maintenance' THEN 1 WHEN 'network-maintenance' THEN 2
        WHEN 'modality-maintenance' THEN 3 WHEN 'eligibility' THEN 4 WHEN 'regional-liaison' THEN 5
        WHEN 'remote-reading' THEN 6 WHEN 'research' THEN 7 WHEN 'remote-service' THEN 8
        WHEN 'general-internet' THEN 10 ELSE 9 END),
  last_seen DESC, site, number, service, category, status, tunnel, exit_mac, first_seen, silent_from, expires,
  device, search
) WHERE withdrawn = 0;

-- How many connections leave by an exit, and how many a site has, is told by the index alone.
DROP INDEX connections_by_exit;
CREATE INDEX connections_by_exit ON connections (site, exit_mac) WHERE withdrawn = 0;
