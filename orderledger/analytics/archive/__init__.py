"""The log and the views as Parquet files: archive, verify, restore, and rebuild on several
machines."""
