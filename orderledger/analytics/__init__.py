"""The ledger's tables for pandas, Polars and DuckDB, SQL over them, and ready-made analyses (extra
`analytics`)."""
