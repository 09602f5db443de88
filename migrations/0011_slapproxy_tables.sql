-- What others read in slapproxy's database past its protocol: the test framework of slapos.core looks its
-- partitions up there (slapos.core: slapos/testing/testcase.py, getPartitionId and getPartitionIPv6).
-- The names of slapproxy's tables end with the version of its schema; these columns are the same in
-- all that the framework was released with. Nothing here reads them.

CREATE VIEW partition18 AS
SELECT p.reference AS reference, c.reference AS computer_reference, p.slap_state AS slap_state,
    i.release AS software_release, i.software_type AS software_type, i.title AS partition_reference,
    i.slap_state AS requested_state
FROM partition p
JOIN computer c ON c.id = p.computer_id
LEFT JOIN instance i ON i.partition_id = p.id AND i.kind = 'software'
WHERE p.validation = 'validated';

CREATE VIEW partition_network18 AS
SELECT p.reference AS partition_reference, c.reference AS computer_reference,
    json_extract(a.value, '$[0]') AS reference, json_extract(a.value, '$[1]') AS address,
    json_extract(a.value, '$[2]') AS netmask
FROM partition p
JOIN computer c ON c.id = p.computer_id
JOIN json_each(p.addresses) a
WHERE p.validation = 'validated';

CREATE VIEW partition17 AS SELECT * FROM partition18;
CREATE VIEW partition_network17 AS SELECT * FROM partition_network18;
CREATE VIEW partition16 AS SELECT * FROM partition18;
CREATE VIEW partition_network16 AS SELECT * FROM partition_network18;
