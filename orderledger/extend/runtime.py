"""Tools for every long-running leaf: settings files, secrets, time zones, deadlines, and text of
rows."""

from orderledger.infrastructure.csv_rows import csv_lines
from orderledger.infrastructure.deadline import OutOfTime, check_time, deadline
from orderledger.infrastructure.exact_numbers import exact_numbers
from orderledger.infrastructure.extras import needed
from orderledger.infrastructure.files import sync_folder, write_whole, written
from orderledger.infrastructure.logs import EventLogger
from orderledger.infrastructure.messages.fields import ZoneName
from orderledger.infrastructure.printable import printable
from orderledger.infrastructure.rows_json import document_json, row_json, rows_json, value_text
from orderledger.infrastructure.secrecy import HIDDEN, Secrecy, learn, masked
from orderledger.infrastructure.similar import did_you_mean
from orderledger.infrastructure.storage.urls import POSTGRES, file_of, public
from orderledger.infrastructure.time_zones import zone_named
from orderledger.infrastructure.toml_files import Place, TomlFile, not_a_setting

__all__ = [
    "HIDDEN",
    "POSTGRES",
    "EventLogger",
    "OutOfTime",
    "Place",
    "Secrecy",
    "TomlFile",
    "ZoneName",
    "check_time",
    "csv_lines",
    "deadline",
    "did_you_mean",
    "document_json",
    "exact_numbers",
    "file_of",
    "learn",
    "masked",
    "needed",
    "not_a_setting",
    "printable",
    "public",
    "row_json",
    "rows_json",
    "sync_folder",
    "value_text",
    "write_whole",
    "written",
    "zone_named",
]
