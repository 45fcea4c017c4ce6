"""The file of a software unit: its name, its transactions and its signatures. Numbers and counters have no gaps.

A number is the highest one plus one, taken in the immediate transaction that also writes it, so a kill or a power cut
leaves both or none. Rows are added and finished once, never changed or deleted: triggers see to that.
"""

from pathlib import Path

import apsw

from schema.sqlite import WRITER_PRAGMAS, check_library

OPEN_MAX = 100

CREATE = """
CREATE TABLE IF NOT EXISTS unit (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    serial TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS signatures (
    counter INTEGER PRIMARY KEY,
    transaction_number INTEGER NOT NULL,
    operation TEXT NOT NULL CHECK (operation IN ('start', 'finish')),
    client_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    process_type TEXT NOT NULL,
    process_data TEXT NOT NULL,
    signature TEXT NOT NULL,
    UNIQUE (transaction_number, operation)
) STRICT;
CREATE TRIGGER IF NOT EXISTS signatures_stay BEFORE UPDATE ON signatures
    BEGIN SELECT RAISE(ABORT, 'a signature is never changed'); END;
CREATE TRIGGER IF NOT EXISTS signatures_are_kept BEFORE DELETE ON signatures
    BEGIN SELECT RAISE(ABORT, 'a signature is never deleted'); END;
"""
NAME_UNIT = "INSERT INTO unit (id, serial) VALUES (1, ?)"
READ_UNIT = "SELECT serial FROM unit"
HEADS = """
SELECT coalesce(max(counter), 0), coalesce(max(transaction_number), 0), coalesce(max(at_ms), 0) FROM signatures
"""
ADD = """
INSERT INTO signatures
    (counter, transaction_number, operation, client_id, at_ms, process_type, process_data, signature)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
READ_ONE = """
SELECT counter, client_id, at_ms, process_type, process_data, signature FROM signatures
WHERE transaction_number = ? AND operation = ?
"""
OPEN = f"""
SELECT client_id, transaction_number, at_ms FROM signatures AS started
WHERE operation = 'start' AND NOT EXISTS (
    SELECT 1 FROM signatures AS finished
    WHERE finished.transaction_number = started.transaction_number AND finished.operation = 'finish'
) ORDER BY transaction_number LIMIT {OPEN_MAX}
"""


def open_file(path: Path) -> apsw.Connection:
    """Open a unit's file for writing and make its tables where they are missing."""
    check_library()
    connection = apsw.Connection(str(path))
    for name, value in WRITER_PRAGMAS.items():
        connection.pragma(name, value)
    connection.execute(CREATE)
    return connection
