DROP VIEW postings;
DROP TABLE journal_lines;
DROP TABLE journal_entries;
DROP FUNCTION refuse_journal_change;
