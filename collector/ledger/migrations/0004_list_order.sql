-- The list in its order, so that a page of it is read without sorting all of it; the columns after the
-- order are those of the filters, so that what is not asked for is passed over within the index. The
-- expression is that of `page.rs`, word by word: SQLite uses the index for no other.

CREATE INDEX connections_in_order ON connections (
  (CASE status WHEN 'unregistered' THEN 0 ELSE 100 END
    + CASE tunnel WHEN 0 THEN 50 ELSE 0 END
    + CASE category WHEN 'system-maintenance' THEN 1 WHEN 'network-maintenance' THEN 2
        WHEN 'modality-maintenance' THEN 3 WHEN 'eligibility' THEN 4 WHEN 'regional-liaison' THEN 5
        WHEN 'remote-reading' THEN 6 WHEN 'research' THEN 7 WHEN 'remote-service' THEN 8
        WHEN 'general-internet' THEN 10 ELSE 9 END),
  last_seen DESC, site, number, service, category, status, tunnel, exit_mac, first_seen, silent_from
) WHERE withdrawn = 0;
