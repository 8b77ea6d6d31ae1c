"""Tools for every long-running leaf: settings files, secrets, time zones, deadlines, and text of
rows."""

from orderledger.infrastructure import files, process_pool, rows_json, secrecy, threads, toml_files
from orderledger.infrastructure.csv_rows import csv_lines
from orderledger.infrastructure.deadline import OutOfTime, check_time, deadline
from orderledger.infrastructure.exact_numbers import exact_numbers
from orderledger.infrastructure.extras import needed
from orderledger.infrastructure.logs import EventLogger
from orderledger.infrastructure.messages.fields import ZoneName
from orderledger.infrastructure.printable import printable
from orderledger.infrastructure.settings import Settings
from orderledger.infrastructure.similar import did_you_mean
from orderledger.infrastructure.storage.urls import POSTGRES, file_of, public
from orderledger.infrastructure.time_zones import zone_named

__all__ = [
    "POSTGRES",
    "EventLogger",
    "OutOfTime",
    "Settings",
    "ZoneName",
    "check_time",
    "csv_lines",
    "deadline",
    "did_you_mean",
    "exact_numbers",
    "file_of",
    "files",
    "needed",
    "printable",
    "process_pool",
    "public",
    "rows_json",
    "secrecy",
    "threads",
    "toml_files",
    "zone_named",
]
