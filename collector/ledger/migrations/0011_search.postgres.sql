-- PostgreSQL looks for a text in the table: an entry of an index has 2,704 octets at most, and what is searched may
-- have more.

-- How many connections leave by an exit, and how many a site has, is told by the index alone.
DROP INDEX connections_by_exit;
CREATE INDEX connections_by_exit ON connections (site, exit_mac) WHERE withdrawn = 0;
