"""Everything at once for a long time: memory, open files and the write-ahead log stay flat."""
